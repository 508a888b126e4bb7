"""A pod as the agent's node: by Kubernetes' API server, where a host has systemd and a file."""
