"""What each command shows, from values alone: pure, and told by a `Look` where it will be seen."""
