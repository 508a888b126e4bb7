"""Alerts that go from one incident to another. Pure."""
