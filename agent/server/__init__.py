"""The agent's HTTPS server: routes, deadlines, pairing, and the keys that it trusts."""
