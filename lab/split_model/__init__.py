"""Clusters in which two nodes may call themselves leader, after Raft's rules for terms and votes.

It is written from Raft (section 5.2: one vote a term; a leader steps down when it hears a newer term) and
from what operators do wrong: a data folder copied, a node bootstrapped twice. It knows nothing of the rules.
"""

from lab.split_model.generate import generate

__all__ = ["generate"]
