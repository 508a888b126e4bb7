"""Three real nodes, the bot, and a person at the thread."""
