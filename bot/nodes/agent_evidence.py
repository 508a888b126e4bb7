"""Turn an agent's observation into the runbooks' evidence; a reading without a value keeps the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from agent import protocol as wire
from bot.nodes import metrics_page
from runbooks import evidence as known
from runbooks.missing_kind import STILL_READING, MissingKind

_FROM_AGENT: dict[str, type[known.Reading[Any]]] = {
    "clock": known.Reading[known.Clock],
    "service": known.Reading[known.Service],
    "log": known.Reading[known.Log],
    "config": known.Reading[known.Config],
    "disk": known.Reading[known.Disk],
    "local_metrics": known.Reading[known.Metrics],
    "connects": known.Reading[tuple[known.Connect, ...]],
    "pings": known.Reading[tuple[known.Ping, ...]],
    "certificates": known.Reading[tuple[known.Certificate, ...]],
    "full_pings": known.Reading[tuple[known.FullPing, ...]],
    "actions": known.Reading[tuple[str, ...]],
}


_COUNTED = frozenset({"pings", "full_pings"})


@dataclass(frozen=True)
class Observed:
    """What an agent answered, and when."""

    observation: wire.Observation
    at: datetime


@dataclass(frozen=True)
class NotObserved:
    """Why an agent gave no observation, in one sentence and as a kind, and when that was known."""

    missing: str
    kind: MissingKind
    at: datetime


def from_agent(node: str, answer: Observed | NotObserved) -> dict[str, known.Reading[Any]]:
    """Return every reading that an agent takes, by the name of its field in `NodeEvidence`."""
    by = f"agent:{node}"
    if isinstance(answer, NotObserved):
        return {
            name: reading(missing=answer.missing, kind=answer.kind, by=by, at=answer.at)
            for name, reading in _FROM_AGENT.items()
        }
    # What an agent was not asked for, since it is older, is left out.
    readings = {
        name: reading(**_fields(answer.observation, name), by=by, at=answer.at)
        for name, reading in _FROM_AGENT.items()
        if getattr(answer.observation, name, None) is not msgspec.UNSET
    }
    return _with_boot(readings, answer.observation)


def _with_boot(
    readings: dict[str, known.Reading[Any]], answer: wire.Observation
) -> dict[str, known.Reading[Any]]:
    """Add to the service the boot it was read in and how long it has run, which the agent says once."""
    service = readings["service"]
    if service.value is None:
        return readings
    started_s = service.value.started_boottime_s
    runs = service.value.pid or service.value.pod
    running_s = answer.boottime_s - started_s if runs and started_s else None
    value = service.value.model_copy(update={"boot_id": answer.boot_id, "running_s": running_s})
    return {**readings, "service": service.model_copy(update={"value": value})}


def still_reading(node: str) -> known.NodeEvidence:
    """Return the evidence of a node of which nothing has come yet."""
    at = datetime.now(UTC)

    def pending(by: str) -> known.Reading[Any]:
        return known.Reading[Any](missing=STILL_READING, kind=MissingKind.PENDING, by=by, at=at)

    from_agent = {name: pending(f"agent:{node}") for name in _FROM_AGENT}
    from_bot = {name: pending("bot") for name in ("metrics", "metrics_again", "health", "wall_clock")}
    return known.NodeEvidence(node=node, **from_bot, **from_agent)


def _fields(observation: wire.Observation, name: str) -> dict[str, Any]:
    """Return a reading's fields besides `by` and `at`.

    The node's own metrics page is parsed here, like the one that the bot reads over the network.
    """
    read: wire.Read[Any] | None = getattr(observation, "metrics" if name == "local_metrics" else name)
    if read is None:
        return {"missing": "the agent does not take this reading", "kind": MissingKind.OTHER}
    if read.value is None:
        # An agent from before these fields does not name the kind: `Reading` then goes by its sentence.
        kind = MissingKind.TIMEOUT if read.timed_out is True else None
        kind = MissingKind.REFUSED if read.refused is True else kind
        kind = MissingKind.NOT_PERMITTED if read.not_permitted is True else kind
        return {"missing": read.missing, "kind": kind, "took_ms": read.took_ms}
    if name != "local_metrics":
        value = msgspec.to_builtins(read.value)
        if name in _COUNTED and not all(0 <= ping["received"] <= ping["sent"] for ping in value):
            why = "the agent says that more pings came back than were sent"
            return {"missing": why, "kind": MissingKind.OTHER, "took_ms": read.took_ms}
        return {"value": value, "took_ms": read.took_ms}
    try:
        metrics = metrics_page.parse(read.value.text.encode(errors="replace"), read.value.content_type)
    except metrics_page.NotAnExporterError as error:
        return {"missing": str(error), "kind": MissingKind.OTHER, "took_ms": read.took_ms}
    return {"value": metrics, "took_ms": read.took_ms}
