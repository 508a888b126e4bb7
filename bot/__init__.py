"""What we touch: Slack, HTTP, Redis, node agents, and the wiring that puts the parts together."""
