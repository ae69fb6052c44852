"""One file per tool or format, each with a load and a save."""
