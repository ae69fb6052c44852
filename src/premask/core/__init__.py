"""The words of the field as small types: numpy only, no files."""
