"""Bring a thread to what it should show: posts, edits, files, and Slack's rate limits."""
