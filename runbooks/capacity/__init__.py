"""The capacity runbook: what takes a node's disk, memory or CPU, and in how many days it is full.

Neumann's alert on the disk fires at 10 GiB, its log stops at 100 MiB: what lies between is time to act in.
No action of an agent gives a node more room, and a restart only hides for a while that it lacks it. What one
can do is to take the leadership from a node that is about to be full.
"""

from __future__ import annotations

from collections.abc import Iterator

from runbooks.by_hand import diagnosis, opening
from runbooks.by_hand import hand_off as hand_off
from runbooks.capacity.causes import CAUSES as CAUSES
from runbooks.capacity.causes import CapacityCause
from runbooks.capacity.cpu import explain_cpu
from runbooks.capacity.disk import days_to_stop, explain_disk
from runbooks.capacity.figures import Cluster
from runbooks.capacity.memory import days_to_limit, explain_memory
from runbooks.capacity.transfer import FILLING, with_transfer
from runbooks.capacity.transfer import REMEDIES as REMEDIES
from runbooks.capacity.transfer import plan as plan
from runbooks.evidence import Evidence
from runbooks.explanations import Explanation, findings
from runbooks.log_room import ALERT_FREE_BYTES, bytes_said
from runbooks.model import Diagnosis, Finding, Recovery, RecoveryNeeds, Verdict
from runbooks.wording import MAX_NAMES, days, listed

NAME = "capacity"
TITLE = "Disk, memory or CPU runs out"
URL = "https://docs.neumann.io/operations/runbooks/capacity-planning"
AIM = "node with room to spare"
RECOVERY_NEEDS: RecoveryNeeds = "everything"
ALERTS = frozenset({"DiskSpaceLow", "HighMemoryUsage", "HighCPUUsage"})


def diagnose(evidence: Evidence) -> Diagnosis:
    """Judge the evidence; the most certain finding comes first."""
    cluster = Cluster(evidence)
    ranked = tuple(with_transfer(cluster, each) for each in findings(_explanations(cluster), CAUSES))
    return diagnosis(evidence, ranked, _summary(ranked[0], cluster))


def is_recovered(evidence: Evidence) -> Recovery:
    """Say whether the condition of each of the three alerts is known to be false on every node."""
    cluster = Cluster(evidence)
    if not cluster.is_enough:
        lacks = "; ".join(cluster.unread[:MAX_NAMES])
        unread = f": not known is {lacks}" if lacks and not cluster.is_over else ""
        sentence = f"not every node is known to have room again{unread}"
        return Recovery(is_recovered=False, sentence=sentence)
    return Recovery(
        is_recovered=True, sign="room", sentence="Every node is within what the alerts on capacity allow"
    )


def _explanations(cluster: Cluster) -> Iterator[Explanation]:
    found = [
        each
        for node in cluster.nodes
        for explain in (explain_disk, explain_memory, explain_cpu)
        for each in explain(node)
    ]
    yield from found
    if not cluster.is_over:
        yield _enough(cluster, but=bool(found))


def _enough(cluster: Cluster, *, but: bool) -> Explanation:
    """Judge that no alert's condition is so, with what would change that soon."""
    soon = {node.name: left for node in cluster.nodes if (left := days_to_stop(node)) is not None}
    ahead = tuple(f"{name}: {days(left)} to the log's hard stop" for name, left in soon.items())
    small = tuple(
        f"{node.name}: {bytes_said(free)} free where its log lies ({node.node.disk.by}), which the alert"
        " does not see"
        for node in cluster.nodes
        if (free := node.disk_free_bytes) is not None and free < ALERT_FREE_BYTES and not node.disk_is_low
    )
    lacks = "; ".join(cluster.unread[:MAX_NAMES])
    return Explanation(
        "",
        CapacityCause.CAPACITY_ENOUGH,
        Verdict.UNDETERMINED if lacks else Verdict.POSSIBLE if but or small else Verdict.CONFIRMED,
        against=(*ahead, *small),
        lacks=lacks or None,
    )


def _summary(top: Finding, cluster: Cluster) -> str:
    sentence, ahead = CAUSES[top.cause].sentence, _ahead(top, cluster)
    said = opening(top, sentence, sentence.format(nodes=listed(top.nodes, MAX_NAMES)))
    return f"{said}{f': {ahead}' if ahead else ''}."


def _ahead(top: Finding, cluster: Cluster) -> str:
    """Return the soonest that the first finding's resource is used up."""
    left_of, what = {
        **dict.fromkeys(FILLING, (days_to_stop, "to the log's hard stop")),
        CapacityCause.MEMORY_GROWS: (days_to_limit, "to the limit"),
    }.get(CapacityCause(top.cause), (None, ""))
    if left_of is None:
        return ""
    left = [each for node in cluster.nodes if node.name in top.nodes and (each := left_of(node)) is not None]
    return f"{days(min(left))} {what}" if left else ""
