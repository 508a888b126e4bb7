"""What passes between the workspace and its app: requests, payloads, events, answers."""
