"""What a bot and an agent both need on their own machine; the wire between them is `agent.protocol`."""
