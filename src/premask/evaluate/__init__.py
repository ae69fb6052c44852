"""Label maps against a truth: overlap, boundaries, effort, agreement."""
