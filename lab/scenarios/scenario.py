"""A scenario: one reading of a cluster whose fault is known, and what may be said and done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Family = Literal["single", "compound", "missing", "lying", "threshold", "negative"]
Button = tuple[str, str]
"""One action on one node."""

CAUSES = frozenset(
    {
        "network_partition",
        "asymmetric_partition",
        "partial_partition",
        "gossip_blocked",
        "packet_loss",
        "quorum_loss",
        "host_down",
        "process_hung",
        "crash_loop",
        "storage_full",
        "slow_disk",
        "tls_failure",
        "peer_list_wrong",
        "even_split",
        "stale_log",
        "two_leaders",
        "clock_skew",
        "aggressive_timeouts",
        "monitoring_blind",
        "alert_stale",
        "none_known",
    }
)
NO_FAULT = frozenset({"monitoring_blind", "alert_stale"})
"""Causes under which the cluster has a steady leader."""


@dataclass(frozen=True)
class Truth:
    """What the cluster suffers from.

    `may_be_undetermined` says that an honest observer with these readings may leave it open; `wanted` are
    the only actions that an offered button may contain. `also` are causes that nothing in the document tells
    from the true ones, so that it is not wrong to name them.
    """

    causes: frozenset[str]
    may_be_undetermined: bool = False
    wanted: frozenset[Button] = frozenset()
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scenario:
    """One evidence document with the truth behind it.

    `one_hot` says that the nodes' metrics pages print all three roles with 0 or 1, not the active one alone.
    """

    name: str
    family: Family
    evidence: dict[str, Any]
    truth: Truth
    description: str
    one_hot: bool
