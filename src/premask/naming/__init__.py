"""Regions become phases through one visible table."""
