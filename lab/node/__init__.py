"""One node process: Raft, gossip, a write-ahead log, and the documented metrics page."""
