"""A data set from a project, and any data set read again and checked."""
