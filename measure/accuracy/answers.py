"""What a diagnoser said, cut down to what is scored; and the runbook's own answers in that form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.scenarios import Scenario
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis

CLAIMING = frozenset({"confirmed", "likely"})
NONE_KNOWN = "none_known"


@dataclass(frozen=True)
class Answer:
    """The findings as (cause, verdict), first first, and the actions on nodes behind offered buttons.

    A leadership is handed on from one node to another, which is written `node1→node2`.
    """

    findings: tuple[tuple[str, str], ...]
    buttons: frozenset[tuple[str, str]] = frozenset()

    @property
    def claims(self) -> frozenset[str]:
        """Return the causes claimed; that none is known claims nothing."""
        return frozenset(c for c, verdict in self.findings if verdict in CLAIMING) - {NONE_KNOWN}

    @property
    def confident(self) -> frozenset[str]:
        """Return the causes claimed without a doubt."""
        return frozenset(c for c, verdict in self.findings if verdict == "confirmed") - {NONE_KNOWN}


Diagnoser = Callable[[Scenario], Answer]


def runbook(scenario: Scenario) -> Answer:
    """Answer as the leader-election runbook does."""
    return of(leader_election.diagnose(Evidence.model_validate(scenario.evidence)))


def of(diagnosis: Diagnosis) -> Answer:
    """Cut a diagnosis down."""
    return Answer(
        findings=tuple((finding.cause, finding.verdict.value) for finding in diagnosis.findings),
        buttons=frozenset(
            (a.type, f"{a.node}→{a.to}" if a.to else a.node)
            for remedy in diagnosis.offers
            for a in remedy.actions
        ),
    )


def claim(cause: str, buttons: frozenset[tuple[str, str]] = frozenset()) -> Answer:
    """Return an answer that claims one cause without a doubt."""
    return Answer(((cause, "confirmed"),), buttons)


def always(cause: str) -> Diagnoser:
    """Return a diagnoser that names the same cause whatever the evidence."""
    return lambda _: claim(cause)
