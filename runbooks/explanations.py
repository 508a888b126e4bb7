"""Causes judged for single nodes, brought together into findings, the most certain first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runbooks.model import BY_HAND, Cause, Finding, Remedy, Verdict

_VERDICT_RANK = {verdict: position for position, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Explanation:
    """One cause judged for one node: what speaks for it and against it, and what would decide."""

    node: str
    cause: str
    verdict: Verdict
    seen: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    lacks: str | None = None


def findings(explanations: Iterable[Explanation], causes: Mapping[str, Cause]) -> tuple[Finding, ...]:
    """Return a finding for each cause, on the nodes of which it is surest; the order of `causes` breaks ties.

    People do what its row says: no finding of these has a button by itself.
    """
    by_cause: dict[str, list[Explanation]] = {}
    for each in explanations:
        by_cause.setdefault(each.cause, []).append(each)
    order = list(causes)
    joined = [_joined(causes[cause], those) for cause, those in by_cause.items()]
    return tuple(sorted(joined, key=lambda each: (_VERDICT_RANK[each.verdict], order.index(each.cause))))


def _joined(cause: Cause, those: Sequence[Explanation]) -> Finding:
    verdict = min((each.verdict for each in those), key=lambda each: _VERDICT_RANK[each])
    chosen = [each for each in those if each.verdict is verdict]
    nodes = tuple(dict.fromkeys(each.node for each in chosen if each.node))
    lacks = dict.fromkeys(each.lacks for each in chosen if each.lacks)
    return Finding(
        cause=cause.word,
        verdict=verdict,
        nodes=nodes,
        evidence_for=tuple(dict.fromkeys(line for each in chosen for line in each.seen)),
        evidence_against=tuple(dict.fromkeys(line for each in chosen for line in each.against)),
        would_decide="; ".join(filter(None, lacks)) or None,
        remedies=(Remedy(name=BY_HAND, nodes=nodes, offered=False, reason=cause.by_hand),)
        if cause.by_hand and verdict is not Verdict.RULED_OUT
        else (),
    )
