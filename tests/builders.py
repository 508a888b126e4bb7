"""Evidence and incidents for tests: a healthy cluster, from which each test takes something away."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

from handlers.domain.alerts import Alert, Reason
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked, Offer
from handlers.domain.events.lifecycle import AlertsReceived
from runbooks import leader_election
from runbooks.evidence import (
    Certificate,
    Clock,
    Config,
    ConfigLine,
    Connect,
    Disk,
    Evidence,
    FullPing,
    Health,
    Log,
    Metrics,
    NodeEvidence,
    Ping,
    Reading,
    Role,
    Service,
)
from runbooks.missing_kind import MissingKind
from runbooks.model import Remedy
from runbooks.plans import CHANGES_FILE, Action, Plan, PlannedEdit

T = TypeVar("T")

RULES = Path(__file__).parent.parent / "deploy/prometheus/neumann.rules.yml"

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GB = 1_000_000_000
SAMPLE_GAP = timedelta(seconds=1.5)
ALICE = Person(id="U0ALICE001", name="alice", team="T0NEUMANN1")
BOB = Person(id="U0BOB00001", name="bob", team="T0NEUMANN1")

Cuts = Mapping[tuple[str, str], str]
"""(observer, peer) → what the connect gives instead of `open`."""


def known(value: T, by: str = "bot", at: datetime = NOON) -> Reading[T]:
    """A reading that gave a value."""
    of_its_type: Any = Reading.__class_getitem__(type(value))
    reading: Reading[T] = of_its_type(value=value, by=by, at=at)
    return reading


def missing(why: str, by: str = "bot", kind: MissingKind = MissingKind.OTHER) -> Reading[Any]:
    """Return a reading that gave no value."""
    return Reading[Any](missing=why, kind=kind, by=by, at=NOON)


def late(why: str = "no answer within 2 s", by: str = "bot") -> Reading[Any]:
    """Return a reading whose deadline ran out."""
    return missing(why, by, MissingKind.TIMEOUT)


def node(
    name: str = "node1",
    *,
    names: Iterable[str] = ("node1", "node2", "node3"),
    role: Role = Role.FOLLOWER,
    term: int = 7,
    elections: tuple[int, int] = (3, 3),
    commit_index: int = 100,
    commits: int = 0,
    service_state: str = "active",
    pid: int = 4711,
    offset_ms: float = 0.0,
    error_ms: float = 1.0,
    gossip_failed: int = 0,
    rtt_ms: float = 1.0,
    lost_pings: int = 0,
    timeouts_ms: tuple[int, int] = (150, 300),
    cuts: Cuts | None = None,
    **readings: Reading[Any],
) -> NodeEvidence:
    """One node; `readings` replaces whole readings, as `metrics=late()`."""
    peers = [peer for peer in names if peer != name]
    agent = f"agent:{name}"
    metrics = [
        Metrics(
            role=role,
            term=term,
            commit_index=commit_index + moved,
            applied_index=commit_index + moved,
            elections_total=count,
            gossip_healthy=len(peers) + 1 - gossip_failed,
            gossip_failed=gossip_failed,
        )
        for count, moved in zip(elections, (0, commits), strict=True)
    ]
    low, high = timeouts_ms
    lines = (
        ConfigLine(number=9, text=f"election_timeout_min_ms = {low}   # default"),
        ConfigLine(number=10, text=f"election_timeout_max_ms = {high}"),
    )
    defaults: dict[str, Reading[Any]] = {
        "metrics": known(metrics[0]),
        "metrics_again": known(metrics[1], at=NOON + SAMPLE_GAP),
        "health": known(Health(status="healthy", role=role, term=term)),
        "clock": known(
            Clock(offset_ms=offset_ms, error_ms=error_ms, synchronised=True, source="ntp.example"), by=agent
        ),
        "service": known(
            Service.model_validate(
                {
                    "state": service_state,
                    "pid": pid if service_state == "active" else None,
                    "boot_id": "boot-1",
                }
            ),
            by=agent,
        ),
        "log": known(
            Log(path="/var/log/neumann/tensor_chain.log", window_s=60, bytes_read=900, counts={}), by=agent
        ),
        "config": known(
            Config(
                path="/etc/neumann/config.toml",
                sha256="ab" * 32,
                election_timeout_min_ms=low,
                election_timeout_max_ms=high,
                heartbeat_interval_ms=50,
                election_lines=lines,
            ),
            by=agent,
        ),
        "disk": known(Disk(path="/var/lib/neumann", free_bytes=50 * GB, total_bytes=100 * GB), by=agent),
        "local_metrics": known(metrics[1], by=agent),
        "connects": _connects(name, peers, cuts or {}),
        "pings": _pings(name, peers, rtt_ms, lost_pings),
        "certificates": certificates(name, CERTIFICATE.model_copy(update={"names": (name,)})),
        "full_pings": _full_pings(name, peers),
    }
    return NodeEvidence(node=name, **{**defaults, **readings})


def _connects(name: str, peers: list[str], cuts: Cuts) -> Reading[Any]:
    connects = tuple(
        Connect.model_validate(
            {
                "peer": peer,
                "port": port,
                "result": cuts.get((name, peer), "open"),
                "latency_ms": None if (name, peer) in cuts else 0.4,
            }
        )
        for peer in peers
        for port in ("raft", "gossip")
    )
    return Reading[tuple[Connect, ...]](value=connects, by=f"agent:{name}", at=NOON)


def _pings(name: str, peers: list[str], rtt_ms: float, lost: int) -> Reading[Any]:
    pings = tuple(
        Ping(peer=peer, sent=20, received=20 - lost, rtt_min_ms=rtt_ms, rtt_avg_ms=rtt_ms, rtt_max_ms=rtt_ms)
        for peer in peers
    )
    return Reading[tuple[Ping, ...]](value=pings, by=f"agent:{name}", at=NOON)


CERTIFICATE = Certificate(
    origin="served",
    subject="CN=demo",
    issuer="CN=CA",
    not_before_s=(NOON - timedelta(days=100)).timestamp(),
    not_after_s=(NOON + timedelta(days=265)).timestamp(),
)


def certificates(name: str, *shown: Certificate) -> Reading[tuple[Certificate, ...]]:
    """What a node's agent read of its certificates."""
    return Reading[tuple[Certificate, ...]](value=shown, by=f"agent:{name}", at=NOON)


def _full_pings(name: str, peers: list[str]) -> Reading[Any]:
    pings = tuple(FullPing(peer=peer, packet_bytes=1500, sent=3, received=3) for peer in peers)
    return Reading[tuple[FullPing, ...]](value=pings, by=f"agent:{name}", at=NOON)


def planned_edit(action: Action, read: NodeEvidence | None = None) -> PlannedEdit:
    """The edit that a node's agent would show; its file is the one that `node` gives."""
    config = (read or node(action.node)).config.value
    assert config
    low, high = action.election_timeout_min_ms, action.election_timeout_max_ms
    was_low, was_high = config.election_timeout_min_ms, config.election_timeout_max_ms
    if action.undoes:
        low, high, was_low, was_high = was_low, was_high, low, high
    return PlannedEdit(
        path=config.path,
        before_sha256=config.sha256,
        after_sha256=("ab" if action.undoes else "cd") * 32,
        lines=(
            f"-election_timeout_min_ms = {was_low}   # default",
            f"+election_timeout_min_ms = {low}   # default",
            f"-election_timeout_max_ms = {was_high}",
            f"+election_timeout_max_ms = {high}",
        ),
    )


def with_edits(plan: Plan, read: Evidence) -> Plan:
    """The plan with the edits that the agents would show."""
    return plan.with_edits(
        {
            step.action: planned_edit(step.action, read.node(step.action.node))
            for step in plan.steps
            if step.action.type in CHANGES_FILE
        }
    )


def dead(name: str, **changes: Any) -> NodeEvidence:
    """A node whose process is gone and whose agent says so."""
    gone = {
        kind: missing("connection refused")
        for kind in ("metrics", "metrics_again", "local_metrics", "health")
    }
    return node(name, **{"service_state": "failed", **gone, **changes})


def silent(name: str) -> NodeEvidence:
    """A node of which nothing can be read at all."""
    bot: dict[str, Any] = {kind: late() for kind in ("metrics", "metrics_again", "health")}
    kinds = (
        *("clock", "service", "log", "config", "disk", "local_metrics", "connects", "pings"),
        *("certificates", "full_pings"),
    )
    agent: dict[str, Any] = {
        kind: late("the agent gave no answer within 4 s", by=f"agent:{name}") for kind in kinds
    }
    return node(name, **bot, **agent)


def evidence(*nodes: NodeEvidence) -> Evidence:
    """A cluster's evidence; without nodes three healthy ones, led by node1. Dead processes refuse."""
    members = nodes or healthy()
    services = {member.node: member.service.value for member in members}
    gone = {name for name, service in services.items() if service and service.state in ("inactive", "failed")}
    return Evidence(
        cluster="demo", started_at=NOON, nodes=tuple(_refused_by(member, gone) for member in members)
    )


def _refused_by(member: NodeEvidence, gone: set[str]) -> NodeEvidence:
    connects = tuple(
        connect.model_copy(update={"result": "refused", "latency_ms": None})
        if connect.peer in gone and connect.result == "open"
        else connect
        for connect in member.connects.value or ()
    )
    if member.connects.value is None:
        return member
    return member.model_copy(update={"connects": member.connects.model_copy(update={"value": connects})})


def healthy() -> tuple[NodeEvidence, ...]:
    """Three nodes, node1 leading, entries being committed."""
    return (node("node1", role=Role.LEADER, commits=5), node("node2", commits=5), node("node3", commits=5))


def candidates(**changes: Any) -> tuple[NodeEvidence, ...]:
    """Three running nodes that elect and elect: what a storm looks like in the counters."""
    return tuple(
        node(name, **{"role": Role.CANDIDATE, "elections": (10 * number, 10 * number + 2), **changes})
        for number, name in enumerate(("node1", "node2", "node3"), start=1)
    )


def cut(*pairs: tuple[str, str], result: str = "timeout") -> dict[tuple[str, str], str]:
    """Links that fail in the named directions."""
    return dict.fromkeys(pairs, result)


def cut_off(*names: str, among: Iterable[str] = ("node1", "node2", "node3")) -> dict[tuple[str, str], str]:
    """Every link from and to these nodes fails."""
    everyone = tuple(among)
    return {
        (one, other): "timeout"
        for one in everyone
        for other in everyone
        if one != other and (one in names or other in names)
    }


def alert(name: str = "NoLeader", *, status: str = "firing", minute: int = 0, **labels: str) -> Alert:
    """An alert; `minute` is when it began or, resolved, when it ended."""
    at = NOON + timedelta(minutes=minute)
    return Alert.model_validate(
        {
            "status": status,
            "labels": {"alertname": name, "cluster": "demo", "severity": "critical", **labels},
            "annotations": {"summary": summary_of(name, {"cluster": "demo", **labels})},
            "startsAt": at if status == "firing" else NOON,
            "endsAt": at if status == "resolved" else "0001-01-01T00:00:00Z",
            "fingerprint": f"{name}-{labels}",
        }
    )


OF_THE_HOUSE = {
    "RootDiskFull": "The root disk of {{ $labels.node }} is nearly full",
    "HighRequestLatency": "Requests to {{ $labels.cluster }} take long",
    "NeumannBackupTooOld": "The newest backup of {{ $labels.cluster }} is too old",
}
"""Alerts whose rules do not ship, and what those would say."""


@functools.cache
def _summaries() -> dict[str, str]:
    """By alert the summary that its shipped rule gives it."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return {rule["alert"]: rule["annotations"]["summary"] for rule in rules}


def summary_of(name: str, labels: Mapping[str, str]) -> str:
    """Return an alert's summary as its rule gives it: a shipped one, or one of the house's own."""
    template = (_summaries() | OF_THE_HOUSE).get(name, "{{ $labels.cluster }} is not as it should be")
    filled = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], "a node"), template)
    return filled.replace("{{ $value }}", "2")


def opened(*alerts: Alert, runbook: str = leader_election.NAME) -> AlertsReceived:
    """The event that opens an incident."""
    return AlertsReceived(
        at=NOON, reason=Reason.OPENED, cluster="demo", runbook=runbook, alerts=alerts or (alert(),)
    )


def diagnosed(read: Evidence) -> tuple[Event, ...]:
    """The two events of a reading and its judgement; each offered remedy's handle is its name."""
    diagnosis = leader_election.diagnose(read)
    offers = tuple(Offer(handle=remedy.name, remedy=remedy) for remedy in diagnosis.offers)
    return EvidenceRead(at=NOON, evidence=read), FindingsRanked(at=NOON, diagnosis=diagnosis, offers=offers)


def remedy_of(read: Evidence, name: str) -> Remedy:
    """A remedy of a diagnosis, offered or not."""
    found = [r for f in leader_election.diagnose(read).findings for r in f.remedies if r.name == name]
    return found[0]


def after(action: Action, member: NodeEvidence) -> NodeEvidence:
    """A node as it reads after an action took effect on it."""
    config, clock = member.config.value, member.clock.value
    match action.type:
        case "start_service":
            alive = node(member.node, pid=4712)
            readings = ("metrics", "metrics_again", "local_metrics", "health", "service")
            return member.model_copy(update={name: getattr(alive, name) for name in readings})
        case "restart_service":
            assert member.service.value
            service = member.service.value.model_copy(update={"pid": (member.service.value.pid or 0) + 1})
            return level(member.model_copy(update={"service": known(service, by=member.service.by)}))
        case "transfer_leadership":
            return member  # who leads is shown by every node
        case "clock_sync":
            assert clock
            right = clock.model_copy(update={"offset_ms": 0.0})
            return member.model_copy(update={"clock": known(right, by=member.clock.by)})
        case "set_election_timeouts" | "undo_election_timeouts":
            assert config
            undone = action.type == "undo_election_timeouts"
            low, high = action.election_timeout_min_ms, action.election_timeout_max_ms
            changed = config.model_copy(
                update={
                    "sha256": ("ab" if undone else "cd") * 32,
                    "election_timeout_min_ms": 150 if undone else low,
                    "election_timeout_max_ms": 300 if undone else high,
                }
            )
            return member.model_copy(update={"config": known(changed, by=member.config.by)})


def level(member: NodeEvidence) -> NodeEvidence:
    """A node that has applied what it holds, where it answers."""
    pages = {
        name: reading.model_copy(
            update={"value": reading.value.model_copy(update={"applied_index": reading.value.commit_index})}
        )
        for name in ("metrics", "metrics_again", "local_metrics")
        if (reading := getattr(member, name)).value
    }
    return member.model_copy(update=pages)


def reaching(member: NodeEvidence, peer: str, result: str = "open") -> NodeEvidence:
    """A node whose connects to one peer give this."""
    connects = tuple(
        connect.model_copy(update={"result": result}) if connect.peer == peer else connect
        for connect in member.connects.value or ()
    )
    return member.model_copy(update={"connects": known(connects, by=member.connects.by)})


def led_by(member: NodeEvidence, leader: str, term: int) -> NodeEvidence:
    """A node of a cluster that this leader leads in this term, where it answers."""
    role = Role.LEADER if member.node == leader else Role.FOLLOWER
    changed = {
        name: reading.model_copy(
            update={"value": reading.value.model_copy(update={"role": role, "term": term})}
        )
        for name in ("metrics", "metrics_again")
        if (reading := getattr(member, name)).value
    }
    return member.model_copy(update=changed)
