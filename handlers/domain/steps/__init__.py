"""What an incident needs next, and how often that may be asked."""
