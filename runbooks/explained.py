"""Which alerts are only what follows from a finding of another runbook. Pure."""

from __future__ import annotations

from enum import StrEnum

from runbooks import leader_election, replication_lag
from runbooks.model import SURE, Diagnosis


class Explanation(StrEnum):
    """What explains an alert of another runbook."""

    NO_LEADER = "no_leader"


SENTENCES = {
    Explanation.NO_LEADER: "nobody leads, so nothing is committed and the nodes cannot catch up",
}

EXPLAINED_BY: dict[str, str] = {replication_lag.NAME: leader_election.NAME}
"""Runbook → the runbook whose findings can explain its alerts."""


def explanation(runbook: str, by: str, diagnosis: Diagnosis) -> Explanation | None:
    """Return what in a diagnosis explains the alerts of another runbook; `None` where nothing surely does.

    Args:
        runbook: The runbook that the alerts belong to.
        by: The runbook that made the diagnosis.
        diagnosis: Its newest judgement.
    """
    if EXPLAINED_BY.get(runbook) != by or diagnosis.top.verdict not in SURE:
        return None
    has_leader = diagnosis.leadership.leader is not None and diagnosis.leadership.majority
    return None if has_leader else Explanation.NO_LEADER
