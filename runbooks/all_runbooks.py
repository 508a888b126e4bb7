"""Every runbook there is, which alert belongs to which, and the words of their causes and remedies."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks import (
    capacity,
    deadlock_resolution,
    leader_election,
    node_recovery,
    replication_lag,
    split_brain,
)
from runbooks.declared.unjudged import NO_RUNBOOK, NO_RUNBOOK_TITLE
from runbooks.model import BY_HAND, Runbook, labels_asked

RUNBOOKS: dict[str, Runbook] = {
    leader_election.NAME: leader_election,
    replication_lag.NAME: replication_lag,
    split_brain.NAME: split_brain,
    capacity.NAME: capacity,
    deadlock_resolution.NAME: deadlock_resolution,
    node_recovery.NAME: node_recovery,
}

WITH_HISTORY = frozenset({capacity.NAME, deadlock_resolution.NAME})
"""Runbooks that are given what the posture's samples say of each node."""


ELECTION = leader_election.NAME
"""The runbook of `/neumann election` and of the commands without an incident."""


def of_alert(name: str, labels: Mapping[str, str] | None = None) -> Runbook | None:
    """Return the runbook that an alert belongs to.

    Args:
        name: The alert rule's name.
        labels: The alert's labels; without them, those that a runbook asks for are passed over.
    """
    return next(
        (
            runbook
            for runbook in RUNBOOKS.values()
            if name in runbook.ALERTS and (labels is None or labels_asked(runbook).items() <= labels.items())
        ),
        None,
    )


def can_prove(runbook: str) -> bool:
    """Return whether incidents of this runbook wait for a proof that all is well."""
    return runbook in RUNBOOKS and RUNBOOKS[runbook].RECOVERY_NEEDS != "nothing"


def known_alerts() -> frozenset[str]:
    """Return the names of all alerts that belong to a runbook."""
    return frozenset().union(*(runbook.ALERTS for runbook in RUNBOOKS.values()))


def aim(runbook: str) -> str:
    """Return what an incident of this runbook waits for, as a noun."""
    return RUNBOOKS[runbook].AIM if runbook in RUNBOOKS else "end"


def title_of_cause(word: str) -> str:
    """Return a cause's title; of a cause that only a newer version knows, its word made readable."""
    if word == NO_RUNBOOK:
        return NO_RUNBOOK_TITLE
    rows = (runbook.CAUSES[word] for runbook in RUNBOOKS.values() if word in runbook.CAUSES)
    return next((row.title for row in rows), _readable(word))


def needs_no_remedy(word: str) -> bool:
    """Say whether a cause is one with which nothing is wrong with the cluster."""
    return any(word in book.CAUSES and book.CAUSES[word].needs_no_remedy for book in RUNBOOKS.values())


def button_of_remedy(name: str) -> str:
    """Return what stands on a remedy's button."""
    if name == BY_HAND:
        return "By hand"
    rows = (runbook.REMEDIES[name] for runbook in RUNBOOKS.values() if name in runbook.REMEDIES)
    return next((row.button for row in rows), _readable(name))


def _readable(word: str) -> str:
    return word.replace("_", " ").capitalize()
