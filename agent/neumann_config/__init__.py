"""Neumann's own configuration file: read whatever else is in it, and edit its election timeouts."""
