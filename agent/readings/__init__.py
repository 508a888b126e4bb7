"""Reading a node: its clock, disk, log, metrics, service, and what it reaches."""
