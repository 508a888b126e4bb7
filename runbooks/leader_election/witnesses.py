"""What is to be made of a witness: an agent that is contradicted, a process that answers nobody."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.missing_kind import MissingKind
from runbooks.raft import Pair, Tri


def is_contradicted(name: str, evidence: Evidence, told: Mapping[Pair, str], up: Mapping[str, Tri]) -> bool:
    """Return whether an agent, the only one whose connects fail, is contradicted by peers and pings."""
    mine = [peer for peer in evidence.names if (name, peer) in told and up[peer] is not False]
    failed = {peer for peer in mine if told[name, peer] != "open"}
    reached = any(told.get((peer, name)) == "open" for peer in evidence.names)
    pings = evidence.node(name).pings.value or ()
    answered = any(ping.sent and ping.received == ping.sent and ping.peer in failed for ping in pings)
    alone = len(failed) > 1 and len(failed) == len(mine)
    return alone and reached and answered


def is_mute(node: NodeEvidence) -> bool:
    """Return whether a node's page answers nobody in time, not even its agent on its own host."""
    answered = node.metrics.value or node.metrics_again.value or node.health.value or node.local_metrics.value
    stopped = node.service.value is not None and node.service.value.state in ("inactive", "failed")
    asked = any(
        reading.value is not None for reading in (node.clock, node.log, node.config, node.disk, node.service)
    )
    late = node.local_metrics.kind is MissingKind.TIMEOUT and node.metrics.kind is MissingKind.TIMEOUT
    return bool(late and asked and not answered and not stopped)
