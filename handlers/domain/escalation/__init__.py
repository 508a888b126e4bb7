"""Who is told of an incident that nobody has, in which order, and when."""
