"""The `neumann-bot` command line."""
