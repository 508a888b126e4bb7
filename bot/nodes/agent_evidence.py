"""An agent's observation in the runbooks' words; what it did not read keeps the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from agent import protocol as wire
from bot.nodes import metrics_page
from runbooks import evidence as known

STILL_READING = "still being read"

_FROM_AGENT: dict[str, type[known.Reading[Any]]] = {
    "clock": known.Reading[known.Clock],
    "service": known.Reading[known.Service],
    "log": known.Reading[known.Log],
    "config": known.Reading[known.Config],
    "disk": known.Reading[known.Disk],
    "local_metrics": known.Reading[known.Metrics],
    "connects": known.Reading[tuple[known.Connect, ...]],
    "pings": known.Reading[tuple[known.Ping, ...]],
}


def from_agent(node: str, observed: tuple[wire.Observation | str, datetime]) -> dict[str, known.Reading[Any]]:
    """The agent's readings in the runbooks' words; one the agent did not take keeps the reason."""
    answer, at = observed
    readings = {}
    for name, kind in _FROM_AGENT.items():
        read = None if isinstance(answer, str) else _read_of(answer, name)
        if read is None:
            missing = answer if isinstance(answer, str) else "the agent does not take this reading"
            readings[name] = kind(missing=missing, by=f"agent:{node}", at=at)
        else:
            readings[name] = kind(
                value=_plain(read.value),
                missing=read.missing,
                by=f"agent:{node}",
                at=at,
                took_ms=read.took_ms,
            )
    return readings if isinstance(answer, str) else _with_boot(readings, answer)


def _with_boot(
    readings: dict[str, known.Reading[Any]], answer: wire.Observation
) -> dict[str, known.Reading[Any]]:
    """The agent says once in which boot it read and how old that is; both belong to the service."""
    service = readings["service"]
    if service.value is None:
        return readings
    started_s = service.value.started_boottime_s
    running_s = answer.boottime_s - started_s if service.value.pid and started_s else None
    value = service.value.model_copy(update={"boot_id": answer.boot_id, "running_s": running_s})
    return {**readings, "service": service.model_copy(update={"value": value})}


def still_reading(node: str) -> known.NodeEvidence:
    """A node of which nothing has come yet."""
    at = datetime.now(UTC)

    def missing(by: str) -> known.Reading[Any]:
        return known.Reading[Any](missing=STILL_READING, by=by, at=at)

    from_agent = {name: missing(f"agent:{node}") for name in _FROM_AGENT}
    from_bot = {name: missing("bot") for name in ("metrics", "metrics_again", "health")}
    return known.NodeEvidence(node=node, **from_bot, **from_agent)


def _read_of(answer: wire.Observation, name: str) -> wire.Read[Any] | None:
    """An agent's reading; the node's own metrics page is parsed here, like the one read over the network."""
    if name != "local_metrics":
        found: wire.Read[Any] | None = getattr(answer, name)
        return found
    page = answer.metrics
    if page is None or page.value is None:
        return page
    try:
        metrics = metrics_page.parse(page.value.text, page.value.content_type)
    except metrics_page.NotAnExporterError as error:
        return wire.Read[Any](missing=str(error), took_ms=page.took_ms)
    return wire.Read[Any](value=metrics, took_ms=page.took_ms)


def _plain(value: object) -> Any:  # noqa: ANN401  the model that takes it checks it
    return value if isinstance(value, known.Metrics) else msgspec.to_builtins(value)
