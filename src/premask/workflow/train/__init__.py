"""Training on a data set: one run, one of each type, and the page of a run."""
