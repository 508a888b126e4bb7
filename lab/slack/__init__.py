"""A Slack workspace on your own machine: Web API for one app, a page, a person without a browser."""
