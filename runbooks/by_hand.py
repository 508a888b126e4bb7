"""What runbooks share that have no button: people do what their causes say, so nothing is planned."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.evidence import Evidence
from runbooks.hand_off import HandOff
from runbooks.model import CanElect, Diagnosis, Finding, Remedy, RemedyKind, Verdict
from runbooks.planning.node_check import leadership
from runbooks.plans import Plan

REMEDIES: Mapping[str, RemedyKind] = {}


def plan(remedy: Remedy, _: Evidence) -> Plan:
    """Refuse: nothing was offered that could be planned.

    Raises:
        KeyError: Always, with the remedy's name.
    """
    raise KeyError(remedy.name)


def hand_off(_: Evidence) -> HandOff | None:
    """Return nothing: a majority runs, so nobody has to go on without one."""
    return None


def diagnosis(evidence: Evidence, ranked: tuple[Finding, ...], summary: str) -> Diagnosis:
    """Return the findings with who leads; elections are another runbook's."""
    lead = leadership(evidence)
    leads: CanElect = "yes" if lead.leader and lead.majority else "undetermined"
    said = f"{lead.leader} leads term {lead.term} with a majority"
    return Diagnosis(
        can_elect=leads,
        can_elect_reason=said if leads == "yes" else "`/neumann election status` looks at elections",
        leadership=lead,
        summary=summary,
        findings=ranked,
    )


def opening(top: Finding, sentence: str, said: str) -> str:
    """Return the first finding's sentence as a summary begins: "Probably node2 …", or with a capital letter.

    Args:
        top: The first finding.
        sentence: Its cause's sentence, with `{nodes}` in it.
        said: That sentence with the nodes' names filled in, whose letters are not changed.
    """
    if not top.nodes:
        return f"{'Not known' if top.verdict is Verdict.UNDETERMINED else 'Read'}: {said}"
    hedge = {Verdict.LIKELY: "Probably ", Verdict.POSSIBLE: "Perhaps "}.get(top.verdict, "")
    return f"{hedge}{said}" if hedge or sentence.startswith("{nodes}") else f"{said[:1].upper()}{said[1:]}"
