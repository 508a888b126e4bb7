"""What Slack shows: Block Kit made from an incident's state."""
