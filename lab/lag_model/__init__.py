"""A cluster as queues: what replication and one fault leave behind, and the document that a reading gives.

It is written from Raft (sections 5.3 and 5.4), TCP's throughput under loss (Mathis et al., 1997) and Linux'
pressure-stall accounting, and knows nothing of the rules that judge it.
"""

from lab.lag_model.generate import generate

__all__ = ["generate"]
