"""A picture of which node reaches which."""
