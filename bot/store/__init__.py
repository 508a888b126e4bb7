"""Everything that lies in Redis."""
