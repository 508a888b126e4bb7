"""The use cases: one module per thing that can happen. They know only ports and runbooks."""
