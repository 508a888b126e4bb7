"""The outside world: Slack, HTTP, Redis and node agents, and the wiring that puts the parts together."""
