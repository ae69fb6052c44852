"""Pre-annotation methods, one file each; ``methods.py`` lists them (paper, section 2)."""
