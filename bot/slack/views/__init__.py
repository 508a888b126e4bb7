"""The Slack views: Block Kit made from an incident's state."""
