"""The deadlock-resolution runbook: on which node transactions deadlock too often, and what has changed.

Two samples are 1.5 s apart and the alert's rate is over five minutes, so what was kept of the minutes before
decides where chance could. To abort one transaction is no action of an agent: whose it is, people know.
"""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.by_hand import REMEDIES as REMEDIES
from runbooks.by_hand import diagnosis, opening
from runbooks.by_hand import hand_off as hand_off
from runbooks.by_hand import plan as plan
from runbooks.deadlock_resolution.causes import CAUSES as CAUSES
from runbooks.deadlock_resolution.causes import DeadlockCause
from runbooks.deadlock_resolution.rates import ALERT_PER_S, Cluster
from runbooks.deadlock_resolution.signs import explain
from runbooks.evidence import Evidence
from runbooks.explanations import Explanation, findings
from runbooks.model import Diagnosis, Recovery, RecoveryNeeds, Verdict
from runbooks.wording import MAX_NAMES, listed

NAME = "deadlock-resolution"
TITLE = "Transactions deadlock"
URL = "https://docs.neumann.io/operations/runbooks/deadlock-resolution"
AIM = "calm cluster"
RECOVERY_NEEDS: RecoveryNeeds = "everything"
ALERTS = frozenset({"HighDeadlockRate"})


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    ranked = findings(_explanations(Cluster(evidence)), CAUSES)
    top, sentence = ranked[0], CAUSES[ranked[0].cause].sentence
    said = opening(top, sentence, sentence.format(nodes=listed(top.nodes, MAX_NAMES)))
    return diagnosis(evidence, ranked, f"{said}.")


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether deadlocks are known to be within the alert's bound on every node.

    Where nothing was kept of the minutes before, two samples within the bound must do; the alert's own mean
    over five minutes must be over as well before an incident closes.
    """
    cluster = Cluster(evidence)
    rates = {node.name: node.per_second("deadlocks_total") for node in cluster.nodes if node.is_high is None}
    is_unknown = not cluster.is_counted or None in rates.values()
    if cluster.high or is_unknown or any((rate or 0.0) > ALERT_PER_S for rate in rates.values()):
        return Recovery(is_recovered=False, sentence="not every node is known to have few deadlocks")
    return Recovery(is_recovered=True, sign="few", sentence="No node finds more than one deadlock a second")


def _explanations(cluster: Cluster) -> Iterator[Explanation]:
    for node in cluster.high:
        yield from explain(cluster, node)
    if cluster.high:
        return
    lacks = (
        f"the deadlocks of {listed(cluster.unknown, MAX_NAMES)} over five minutes"
        if cluster.unknown
        else None
    )
    yield Explanation(
        "",
        DeadlockCause.DEADLOCKS_OVER,
        Verdict.UNDETERMINED if lacks else Verdict.CONFIRMED,
        lacks=lacks,
    )
