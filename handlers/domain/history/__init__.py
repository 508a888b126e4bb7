"""What past incidents came to: one by itself, a month of them, and which of them a new one is like. Pure."""
