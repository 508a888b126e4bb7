"""An outage that many clusters have at once. Pure."""
