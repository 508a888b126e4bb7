"""When a posture is looked at and told, and what of it is new."""
