"""Block Kit as far as the lab knows it: which block may hold what, and how much of it."""
