"""What the plans of several runbooks share: what they are bound to, when they may go on, what they run."""
