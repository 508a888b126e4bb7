"""The agent: runs on a Neumann node, reads it, and carries out typed actions."""
