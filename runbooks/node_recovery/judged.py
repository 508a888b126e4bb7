"""How one node is judged: a cause, how sure it is, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbooks.model import Verdict
from runbooks.node_recovery.causes import NodeCause

NODE = "{node}"
"""Stands in `lacks` for the node, so that nodes that lack the same are told in one phrase."""


@dataclass(frozen=True)
class Judged:
    """Why one node does not serve, with what speaks for it and what would decide."""

    cause: NodeCause
    verdict: Verdict
    because: tuple[str, ...] = ()
    lacks: str | None = None


def known(cause: NodeCause, signs: Sequence[str], *, sources: int) -> Judged:
    """Return a cause that so many sources bear out: one makes it likely, a second one confirmed."""
    verdict = Verdict.CONFIRMED if sources > 1 else Verdict.LIKELY
    return Judged(cause, verdict, tuple(signs))


def left_open(cause: NodeCause, lacks: str, signs: Sequence[str] = ()) -> Judged:
    """Return a cause that something not read decides."""
    return Judged(cause, Verdict.UNDETERMINED, tuple(signs), lacks)
