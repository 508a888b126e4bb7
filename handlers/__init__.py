"""What we do: one module per thing that can happen. Knows only ports and runbooks."""
