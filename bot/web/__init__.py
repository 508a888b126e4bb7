"""The HTTP side: webhook, Slack's requests, probes and metrics."""
