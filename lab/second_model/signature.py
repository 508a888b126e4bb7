"""What of a document can be told apart: two readings agree where only chance makes them differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.second_model.readings import AGENTS, BOTS, Document

YOUNG_S, CURRENT_S, NEEDS_BYTES, STALLED_PERCENT = 60.0, 60.0, 100 * 2**20, 20.0
LATE_MS = 1_250.0


def agrees(one: Document, twin: Document, *, lies: bool) -> bool:
    """Return whether a twin could be read as this document, with as many readings lost and, maybe, one lie.

    A reading that has no value says nothing, but for a refusal, which comes from a host that lives.
    """
    differ = [
        node["node"]
        for node, other in zip(one["nodes"], twin["nodes"], strict=True)
        if any(not _agree(node, other, kind) for kind in (*BOTS, *AGENTS))
    ]
    if not differ:
        return True
    if not lies or len(differ) > 1:
        return False
    (name,) = differ
    told, other = (next(n for n in document["nodes"] if n["node"] == name) for document in (one, twin))
    odd = [kind for kind in (*BOTS, *AGENTS) if not _agree(told, other, kind)]
    return len(odd) == 1 or set(odd) <= {*BOTS, "local_metrics"}


def is_read(node: Document, kind: str) -> bool:
    """Return whether a reading of a node has a value."""
    return node[kind]["value"] is not None


def _agree(node: Document, other: Document, kind: str) -> bool:
    if not is_read(node, kind):
        return (
            "refused" not in (node[kind]["missing"] or "") or node[kind]["missing"] == other[kind]["missing"]
        )
    if kind == "connects" and node[kind]["took_ms"] > LATE_MS:
        return is_read(other, kind) and all(map(_agree_late, node[kind]["value"], other[kind]["value"]))
    return is_read(other, kind) and _SEEN[kind](node[kind]["value"]) == _SEEN[kind](other[kind]["value"])


def _agree_late(one: Document, other: Document) -> bool:
    """Return whether connects of a starved agent agree: those that time out may be open."""
    results = {one["result"], other["result"]}
    return len(results) == 1 or results == {"open", "timeout"}


def _page(page: Document) -> object:
    grew = page["elections_total"] > 40
    return page["role"] == "leader", page["gossip_failed"], page["commit_index"], grew


def _clock(clock: Document) -> object:
    return round(clock["offset_ms"]), clock["synchronised"], clock["source"], clock["error_ms"]


def _service(service: Document) -> object:
    running_s = service["running_s"]
    young = running_s is not None and running_s < YOUNG_S
    return service["state"], young, service["restarts"], service["result"]


def _log(log: Document) -> object:
    seen = frozenset(event for event, count in log["counts"].items() if count)
    return seen, bool(seen) and log["silent_s"] < CURRENT_S


def _config(config: Document) -> object:
    keys = ("election_timeout_min_ms", "election_timeout_max_ms", "heartbeat_interval_ms")
    return tuple(config[key] for key in keys), tuple(config["peers"])


def _disk(disk: Document) -> object:
    stalled = disk["io_stalled_percent"] > STALLED_PERCENT
    return disk["free_bytes"] < NEEDS_BYTES, stalled, disk.get("free_inodes"), disk.get("read_only")


def _connects(connects: list[Document]) -> object:
    return tuple((each["peer"], each["port"], each["result"]) for each in connects)


def _pings(pings: list[Document]) -> object:
    return tuple(
        (each["peer"], each["received"] > 0, each["received"] == each["sent"], round(each["rtt_avg_ms"] or 0))
        for each in pings
    )


def _certificates(certificates: list[Document]) -> object:
    def days(seconds: float) -> int:
        return round(seconds / 86_400)

    return tuple(
        (c["origin"], c["issuer"], days(c["not_before_s"]), days(c["not_after_s"]), tuple(c["names"]))
        for c in certificates
    )


_SEEN: dict[str, Callable[[Any], object]] = {
    "metrics": _page,
    "metrics_again": _page,
    "local_metrics": _page,
    "health": lambda health: health["role"] == "leader",
    "clock": _clock,
    "wall_clock": lambda look: (round(look["ahead_ms"]), look["error_ms"]),
    "service": _service,
    "log": _log,
    "config": _config,
    "disk": _disk,
    "connects": _connects,
    "pings": _pings,
    "certificates": _certificates,
    "full_pings": lambda pings: tuple((each["peer"], each["received"] > 0) for each in pings),
}
