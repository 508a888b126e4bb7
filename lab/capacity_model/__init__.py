"""Hosts over days: what writes, logs, backups and leaks leave of their disks, memory and CPU.

It is written from what Neumann's documents say of its log (snapshots, compaction, rotation at 1 GB with three
old files), from file systems and from processes that are started anew, and knows nothing of the rules that
judge it.
"""

from lab.capacity_model.generate import generate

__all__ = ["generate"]
