"""Transactions that lock keys, and what makes more of them meet.

It is written from Gray's arithmetic of deadlocks, from two-phase commit over links that delay and lose, and
from counters that chance fills (Poisson); it knows nothing of the rules that judge it.
"""

from lab.deadlock_model.generate import generate

__all__ = ["generate"]
