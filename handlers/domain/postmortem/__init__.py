"""The draft of a postmortem, from an incident's timeline. Pure."""
