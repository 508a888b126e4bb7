"""Evidence: what was read of a cluster, when, by whom, and what could not be read and why.

Unknown is not down: a reading that failed keeps the reason, and no rule may treat it as a value.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field, model_validator

from runbooks.missing_kind import MissingKind, kind_of_sentence
from runbooks.node_readings import (
    Certificate,
    Clock,
    ClockDoubt,
    ClockKeeper,
    Config,
    ConfigLine,
    Connect,
    ConnectResult,
    Disk,
    Frozen,
    FullPing,
    Log,
    Ping,
    PortName,
    Service,
    WallClock,
    is_none,
)
from runbooks.page_readings import Health, History, Metrics, Role, Trend

__all__ = [
    "Certificate",
    "Clock",
    "ClockDoubt",
    "ClockKeeper",
    "Config",
    "ConfigLine",
    "Connect",
    "ConnectResult",
    "Disk",
    "Evidence",
    "Frozen",
    "FullPing",
    "Health",
    "History",
    "Log",
    "Metrics",
    "NodeEvidence",
    "Ping",
    "PortName",
    "Reading",
    "Role",
    "Service",
    "Trend",
    "WallClock",
    "glance",
]

T = TypeVar("T")


class Reading(Frozen, Generic[T]):
    """One thing read: its value, or in one sentence why there is none.

    `kind` is the kind of that failure, which rules go by; without a failure it is `None` and not written.
    `by` is who read it: `bot`, or `agent:NODE`. `at` is when the reading ended, by the bot's clock.
    """

    value: T | None = None
    missing: str | None = None
    kind: Annotated[MissingKind | None, Field(exclude_if=is_none)] = None
    by: str
    at: AwareDatetime
    took_ms: float = 0.0

    @model_validator(mode="before")
    @classmethod
    def _kind_of_an_old_document(cls, given: object) -> object:
        """Add the kind that a document from before `kind`, or from before that kind, lacks."""
        if not isinstance(given, dict) or not isinstance(given.get("missing"), str):
            return given
        found = kind_of_sentence(given["missing"])
        if given.get("kind") is None or (given["kind"] == "other" and found is MissingKind.REFUSED):
            return {**given, "kind": found}
        return given


class NodeEvidence(Frozen):
    """Everything read of one node.

    `wall_clock`, the bot's own look at its clock, `certificates`, `full_pings` and `actions`, what its agent
    carries out at all, are newer than the rest: of an older agent they are not asked for, which is `None`. Of
    a node without TLS there are no certificates.
    `metrics_again` is the second sample, for the counters; `local_metrics` is the same page read on the
    node by its agent, which tells a node that is silent from one that only the bot cannot reach. `history` is
    there where a runbook goes by it.
    """

    node: str
    metrics: Reading[Metrics]
    metrics_again: Reading[Metrics]
    health: Reading[Health]
    clock: Reading[Clock]
    service: Reading[Service]
    log: Reading[Log]
    config: Reading[Config]
    disk: Reading[Disk]
    local_metrics: Reading[Metrics]
    connects: Reading[tuple[Connect, ...]]
    pings: Reading[tuple[Ping, ...]]
    wall_clock: Annotated[Reading[WallClock] | None, Field(exclude_if=is_none)] = None
    certificates: Annotated[Reading[tuple[Certificate, ...]] | None, Field(exclude_if=is_none)] = None
    full_pings: Annotated[Reading[tuple[FullPing, ...]] | None, Field(exclude_if=is_none)] = None
    actions: Annotated[Reading[tuple[str, ...]] | None, Field(exclude_if=is_none)] = None
    history: Annotated[Reading[History] | None, Field(exclude_if=is_none)] = None

    @property
    def newest_metrics(self) -> Metrics | None:
        """Return the latest sample that could be read, over the network or on the node."""
        return self.metrics_again.value or self.metrics.value or self.local_metrics.value


def glance(name: str, metrics: Metrics | None, at: datetime) -> NodeEvidence:
    """Return the evidence of a node of which only the metrics page was asked for."""

    def unasked() -> Reading[Any]:
        return Reading(missing="not asked for", kind=MissingKind.OTHER, by="bot", at=at)

    sample = (
        Reading[Metrics](value=metrics, by="bot", at=at)
        if metrics
        else Reading[Metrics](missing="no answer", kind=MissingKind.OTHER, by="bot", at=at)
    )
    others = dict.fromkeys(NodeEvidence.model_fields.keys() - {"node", "metrics", "metrics_again"})
    return NodeEvidence(node=name, metrics=sample, metrics_again=sample, **{key: unasked() for key in others})


class Evidence(Frozen):
    """One reading of a whole cluster. `nodes` are the configured members, readable or not.

    `complete` is false while some nodes are still being read.
    """

    schema_version: Literal[1] = 1
    cluster: str
    started_at: AwareDatetime
    complete: bool = True
    nodes: tuple[NodeEvidence, ...]

    def node(self, name: str) -> NodeEvidence:
        """Return the evidence of one configured node.

        Raises:
            KeyError: If the cluster has no such node.
        """
        for node in self.nodes:
            if node.node == name:
                return node
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the configured members' names, in order."""
        return tuple(node.node for node in self.nodes)
