"""Micrographs that premask makes itself, with an exact truth."""
