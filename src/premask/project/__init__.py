"""The project on disk: settings, database, content-addressed files."""
