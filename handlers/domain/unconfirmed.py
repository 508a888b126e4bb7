"""Tell a finding that is less sure because readings failed from one that was contradicted. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handlers.domain.events.diagnosis import Unanswered, Unconfirmed
from runbooks.all_runbooks import title_of_cause
from runbooks.evidence import Evidence, NodeEvidence, Reading
from runbooks.missing_kind import MissingKind
from runbooks.model import SURE, Diagnosis, Finding, Verdict
from runbooks.wording import MAX_NAMES, listed

WORDS = {
    MissingKind.TIMEOUT: "gave no answer",
    MissingKind.PENDING: "gave no answer yet",
    MissingKind.NOT_PERMITTED: "lacked the permission to read",
}
UNREADABLE = "could not be read"


@dataclass(frozen=True)
class Judged:
    """What was read, and what was found in it."""

    evidence: Evidence
    diagnosis: Diagnosis


def filled(before: Evidence, now: Evidence) -> Evidence:
    """Return what is read now, with the earlier answer in the place of each reading that failed since."""
    known = {node.node: node for node in before.nodes}
    nodes = (_filled(known[node.node], node) if node.node in known else node for node in now.nodes)
    return now.model_copy(update={"nodes": tuple(nodes)})


def unanswered(before: Evidence, now: Evidence) -> tuple[Unanswered, ...]:
    """Return who had answered before and gives no answer now, each with the kind of that failure once."""
    known = {node.node: node for node in before.nodes}
    failed = (
        Unanswered(
            who=node.node if reading.by == "bot" else reading.by, kind=reading.kind or MissingKind.OTHER
        )
        for node in now.nodes
        if node.node in known
        for _, reading in _failed_since(known[node.node], node)
    )
    return tuple({(each.who, each.kind): each for each in failed}.values())


def less_sure(before: Diagnosis, now: Diagnosis) -> tuple[Finding, ...]:
    """Return the sure findings of before that are less sure now, or concern fewer nodes."""
    return tuple(each for each in before.findings if each.verdict in SURE and not _stands(each, now))


def unconfirmed(before: Judged, evidence: Evidence, now: Diagnosis, had_all: Diagnosis) -> Unconfirmed | None:
    """Return the first finding that only failed readings made less sure; `None` where there is none.

    Where it stands of some of its nodes, the others are told.

    Args:
        before: The findings that the newest ones are held against.
        evidence: What was read now.
        now: Its diagnosis.
        had_all: The diagnosis of `filled`: a finding that does not stand there either was contradicted.
    """
    lost = next((each for each in less_sure(before.diagnosis, now) if _stands(each, had_all)), None)
    if lost is None:
        return None
    offered, still = {remedy.name for remedy in now.offers}, _still_on(lost, now)
    return Unconfirmed(
        at=before.evidence.started_at,
        cause=lost.cause,
        verdict=lost.verdict,
        nodes=tuple(name for name in lost.nodes if name not in still),
        unanswered=unanswered(before.evidence, evidence),
        lost_button=any(each.offered and each.name not in offered for each in lost.remedies),
    )


def sentence(lost: Unconfirmed) -> str:
    """Return the line that keeps the finding in sight."""
    on = f" on {listed(lost.nodes, MAX_NAMES)}" if lost.nodes else ""
    who: dict[str, list[str]] = {}
    for each in lost.unanswered:
        who.setdefault(WORDS.get(each.kind, UNREADABLE), []).append(each.who)
    what = ", and ".join(f"{listed(names, MAX_NAMES)} {words}" for words, names in who.items())
    so = "no button for it is offered" if lost.lost_button else f"it is not {lost.verdict.value} now"
    was = f"{lost.verdict.value.capitalize()} at {lost.at:%H:%M} UTC: {title_of_cause(lost.cause)}{on}."
    return f"{was} Since then {what}, so {so}."


def _stands(finding: Finding, diagnosis: Diagnosis) -> bool:
    """Return whether a finding is in a diagnosis, as sure and of the same nodes at least."""
    return any(set(finding.nodes) <= set(each.nodes) for each in _as_sure(finding, diagnosis))


def _still_on(finding: Finding, diagnosis: Diagnosis) -> set[str]:
    """Return the nodes that a diagnosis names for the same cause, as surely."""
    return {name for each in _as_sure(finding, diagnosis) for name in each.nodes}


def _as_sure(finding: Finding, diagnosis: Diagnosis) -> Iterator[Finding]:
    ranks = list(Verdict)
    for each in diagnosis.findings:
        if each.cause == finding.cause and ranks.index(each.verdict) <= ranks.index(finding.verdict):
            yield each


def _filled(before: NodeEvidence, now: NodeEvidence) -> NodeEvidence:
    failed = (name for name, _ in _failed_since(before, now) if not _has_newer(now, name))
    return now.model_copy(update={name: getattr(before, name) for name in failed})


def _has_newer(now: NodeEvidence, name: str) -> bool:
    """Return whether the node's page was read otherwise since: an earlier sample would count as the newest.

    What is awaited still will tell by itself.
    """
    if name not in ("metrics", "metrics_again") or getattr(now, name).kind is MissingKind.PENDING:
        return False
    by_agent = now.local_metrics.value is not None and not _is_answer(now.metrics_again)
    return by_agent or (name == "metrics_again" and _is_answer(now.metrics))


def _failed_since(before: NodeEvidence, now: NodeEvidence) -> Iterator[tuple[str, Reading[object]]]:
    for name, reading in now:
        known = getattr(before, name)
        if isinstance(reading, Reading) and known and _is_answer(known) and not _is_answer(reading):
            yield name, reading


def _is_answer(reading: Reading[Any]) -> bool:
    """Return whether a reading says something of the node: a process that refuses is known not to listen."""
    return reading.value is not None or reading.kind is MissingKind.REFUSED
