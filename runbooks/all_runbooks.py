"""Every runbook there is, and which alert belongs to which: an explicit table."""

from __future__ import annotations

from runbooks import leader_election
from runbooks.model import Runbook

RUNBOOKS: dict[str, Runbook] = {leader_election.NAME: leader_election}

BY_ALERT: dict[str, Runbook] = {alert: runbook for runbook in RUNBOOKS.values() for alert in runbook.ALERTS}
