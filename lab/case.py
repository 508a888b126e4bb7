"""A document with what is so: what a model of a cluster gives to whoever measures a diagnosis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["as_read", "readings_lost"]


@dataclass(frozen=True)
class Case:
    """One document with what is so.

    Args:
        name: Its number and fault, and what of it was lost.
        family: Whether all was read.
        evidence: The document.
        causes: The words that name it rightly; empty where no rule is meant to know the fault.
        restart: The node that a restart would mend.
        samples: What was kept of readings before, the oldest first.
        starts: The nodes of which one is to be started.
        hands_on: The nodes to one of which the leadership is to be handed on, each after its `leader→`.
        also_helps: Actions that mend a part of it, and that nobody has to offer.
    """

    name: str
    family: Family
    evidence: dict[str, Any]
    causes: frozenset[str]
    restart: str | None = None
    samples: tuple[dict[str, Any], ...] = ()
    starts: tuple[str, ...] = ()
    hands_on: tuple[str, ...] = ()
    also_helps: frozenset[tuple[str, str]] = frozenset()
