"""The Model Context Protocol: tools that only read, for the client of a language model."""
