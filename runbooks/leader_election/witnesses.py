"""What is to be made of a witness: an agent that is contradicted."""

from __future__ import annotations

from collections.abc import Mapping

from runbooks.evidence import Evidence
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
