"""`neumann-bot init`: questions, and every file that follows from the answers."""
