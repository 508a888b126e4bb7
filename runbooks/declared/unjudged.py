"""The diagnosis where no rule judges what was read: it claims nothing and offers nothing."""

from __future__ import annotations

from runbooks import raft
from runbooks.declared import shown
from runbooks.evidence import Evidence
from runbooks.model import BY_HAND, Diagnosis, Finding, Remedy, Verdict

SUMMARY = "The bot cannot judge this alert."
NO_RUNBOOK = "no_runbook"
"""The word that stands for a cause where no runbook covers the alert."""

ADVICE = "Read the table below, and ask whoever wrote the alert's rule what it means."

NO_RUNBOOK_TITLE = "What was read; the bot has no rules that judge it"

TITLE = "What was read; this runbook is text and judges nothing"
"""The title of the cause that stands for it, under a word of each runbook's own."""


def unjudged(evidence: Evidence, cause: str, advice: str, lines: tuple[str, ...] = ()) -> Diagnosis:
    """Return a diagnosis of what was read, with what a person does.

    Args:
        evidence: What was read.
        cause: The word of the cause that stands for it.
        advice: What to do, as one sentence.
        lines: What else was read, a line each.
    """
    lead = raft.leadership({node.node: node.newest_metrics for node in evidence.nodes})
    led = lead.leader is not None and lead.majority
    return Diagnosis(
        can_elect="yes" if led else "undetermined",
        can_elect_reason=(
            f"{lead.leader} leads term {lead.term} with a majority"
            if led
            else "this alert's findings do not look at elections; `/neumann election status` does"
        ),
        leadership=lead,
        summary=SUMMARY,
        findings=(
            Finding(
                cause=cause,
                verdict=Verdict.UNDETERMINED,
                evidence_for=lines,
                remedies=(Remedy(name=BY_HAND, offered=False, reason=advice),),
            ),
        ),
    )


def without_runbook(evidence: Evidence) -> Diagnosis:
    """Return what was read for an alert that no runbook covers."""
    return unjudged(evidence, NO_RUNBOOK, ADVICE, tuple(shown.lines(evidence, ("disk", "log"))))
