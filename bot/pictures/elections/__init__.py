"""A picture of the elections over time."""
