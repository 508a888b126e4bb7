"""Requests from Slack: verified, stored, and dispatched to a listener."""
