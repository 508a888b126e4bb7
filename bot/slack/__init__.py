"""Slack: what is shown, what is posted, what is clicked."""
