"""The web application's server: routes over a project, nothing of its own."""
