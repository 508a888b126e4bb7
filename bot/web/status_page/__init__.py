"""The page /status for people without Slack: how each cluster is, and what is open."""
