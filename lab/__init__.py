"""A Neumann cluster, its faults and a Slack workspace on your own machine."""
