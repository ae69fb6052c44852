"""One file per step of the paper: a project and the science joined."""
