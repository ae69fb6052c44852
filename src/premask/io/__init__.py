"""Bytes in and out: images, label maps, safe writes."""
