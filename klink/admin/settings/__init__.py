"""Screens of settings: of a person, a workspace, and the server."""
