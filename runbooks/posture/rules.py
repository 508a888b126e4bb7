"""The rule behind each check and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbooks.log_room import NEEDS_FREE_INODES
from runbooks.posture.model import Check, Line
from runbooks.wording import MAX_NAMES, counted, listed


@dataclass(frozen=True)
class Rule:
    """A check's title, its rule in one sentence, and the source of that rule."""

    title: str
    sentence: str
    source: str


_PREVENTION = "leader-election runbook, Prevention"
_OWN = "the bot's own threshold"

RULES: dict[Check, Rule] = {
    Check.SPARE_NODES: Rule(
        "Fault tolerance",
        "a quorum, more than half of the configured members, stays up and connected",
        "Raft, section 5.2",
    ),
    Check.ZONES: Rule("Zones", "the cluster survives the loss of any one zone", _PREVENTION),
    Check.HOSTS: Rule("Hosts", "the cluster survives the loss of any one host", _PREVENTION),
    Check.VOTERS: Rule(
        "Number of voters",
        "run an odd number: an even one needs a bigger quorum and survives no more failures",
        _PREVENTION,
    ),
    Check.LINKS: Rule(
        "Links",
        "every node reaches every other in both directions, on the Raft port",
        "leader-election runbook, Verify Network Connectivity",
    ),
    Check.LINK_LOSS: Rule(
        "Packet loss",
        "no more than 1 % over six hours; more than 5 % is a warning",
        f"leader-election runbook, Network Partition; {_OWN}",
    ),
    Check.LINK_LATENCY: Rule(
        "Round trips", "no pair is more than twice as slow as it usually is, and 5 ms slower", _OWN
    ),
    Check.ELECTIONS: Rule(
        "Elections a day", "no more than three times the cluster's usual day, plus three", _PREVENTION
    ),
    Check.ELECTION_TIMEOUTS: Rule(
        "Election timeouts",
        "at least ten one-way latencies of the slowest pair, and two heartbeats",
        "Ongaro's thesis, section 9",
    ),
    Check.EQUAL_TIMEOUTS: Rule(
        "Equal timeouts", "every node has the same election timeouts", "etcd, Tuning: time parameters"
    ),
    Check.CONFIGURATION: Rule(
        "Configuration",
        "every node's file names the same members and heartbeat",
        "Neumann, operations/configuration",
    ),
    Check.CLOCK_OFFSET: Rule(
        "Clock offset", "at most 500 ms from true time", "leader-election runbook, Clock Skew"
    ),
    Check.CLOCK_DRIFT: Rule(
        "Clock drift",
        "no clock is heading for 500 ms within two days",
        f"leader-election runbook, Clock Skew; {_OWN}",
    ),
    Check.TIME_SERVICE: Rule(
        "Time service",
        "every node follows a time source other than itself",
        "leader-election runbook, Clock Skew",
    ),
    Check.TIME_SOURCES: Rule(
        "Time sources",
        "the nodes do not all depend on one source",
        "RFC 8633, section 3.2",
    ),
    Check.CERTIFICATES: Rule(
        "Certificates",
        "every node's certificate is valid, for two weeks or a fifth of its life more, and names its node",
        _OWN,
    ),
    Check.DISK: Rule(
        "Disk",
        f"at least 10 GiB free; below 100 MiB, or {NEEDS_FREE_INODES} inodes, Neumann's log refuses writes,"
        " and with them votes",
        "capacity-planning runbook; Neumann, raft_wal",
    ),
    Check.LAG: Rule(
        "Lag", "no more than 1000 entries behind", "HighReplicationLag, Neumann, operations/monitoring"
    ),
    Check.RESTARTS: Rule("Restarts", "processes stay up; three restarts a day are a warning", _OWN),
    Check.AGENTS: Rule("Agents", "every agent answers and runs the bot's version", "docs/install.md"),
}


def without_agents(lines: Sequence[Line]) -> str:
    """Return the sentence for checks that silent agents keep from being made."""
    nodes = tuple(dict.fromkeys(node for line in lines for node in line.nodes))
    whose = "agent" if len(nodes) == 1 else "agents"
    checks = counted(len(lines), "check")
    return f"{checks} could not be made for want of the {whose} on {listed(nodes, MAX_NAMES)}: see Agents"
