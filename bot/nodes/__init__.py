"""Clients for what runs on a node: its metrics page and its agent."""
