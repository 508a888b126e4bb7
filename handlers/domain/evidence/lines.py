"""Evidence as lines: every reading of every node, and what differs between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runbooks.evidence import Evidence, NodeEvidence
from runbooks.wording import listed

READINGS = tuple(name for name in NodeEvidence.model_fields if name != "node")
MAX_TEXT_CHARS = 120


def lines(evidence: Evidence) -> Iterator[str]:
    """Yield each node's readings, a line for each: its figures, or why there is none."""
    yield f"{evidence.cluster}, read at {evidence.started_at:%Y-%m-%d %H:%M:%S} UTC"
    for node in evidence.nodes:
        yield ""
        yield node.node
        for name in READINGS:
            reading = getattr(node, name)
            if reading is None:
                continue
            said = reading.missing if reading.value is None else ", ".join(_figures(_plain(node, name)))
            yield f"  {name} ({reading.by}, {reading.took_ms:.0f} ms): {said or 'nothing'}"


def differences(before: Evidence, after: Evidence) -> Iterator[str]:
    """Yield a line for each figure that is not the same in both, whenever and however long it was read."""
    gone = [name for name in before.names if name not in after.names]
    come = [name for name in after.names if name not in before.names]
    if gone:
        yield f"only in the first: {listed(gone)}"
    if come:
        yield f"only in the second: {listed(come)}"
    for node in before.nodes:
        if node.node in after.names:
            yield from _of_node(node, after.node(node.node))


def _of_node(before: NodeEvidence, after: NodeEvidence) -> Iterator[str]:
    for name in READINGS:
        was, now = _plain(before, name), _plain(after, name)
        for place in dict.fromkeys((*was, *now)):
            old, new = was.get(place, "-"), now.get(place, "-")
            if old != new:
                yield f"{before.node} {'.'.join(filter(None, (name, place)))}: {old} → {new}"


def _figures(plain: Mapping[str, str]) -> Iterator[str]:
    """Yield each figure with its place; of what a log counts, only what it holds."""
    for place, value in plain.items():
        if not (place.startswith("counts.") and value == "0"):
            yield f"{place} {value}"


def _plain(node: NodeEvidence, name: str) -> dict[str, str]:
    """Return a reading's figures by their place in it; of one without a value, why there is none."""
    reading = getattr(node, name)
    if reading is None:
        return {}
    if reading.value is None:
        return {"": f"not read ({reading.missing})"}
    return dict(_flat(reading.model_dump(mode="json")["value"], ()))


def _flat(value: object, place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flat(each, (*place, str(name)))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(_unkeyed(each), (*place, _key(each, number)))
    elif value is not None:
        yield ".".join(place), str(value)[:MAX_TEXT_CHARS]


def _key(each: object, number: int) -> str:
    """Return what an entry of a list is called: a peer and its port rather than a number."""
    if isinstance(each, Mapping) and "peer" in each:
        return "/".join(str(each[name]) for name in ("peer", "port") if name in each)
    return str(number)


def _unkeyed(each: object) -> object:
    if isinstance(each, Mapping) and "peer" in each:
        return {name: value for name, value in each.items() if name not in ("peer", "port")}
    return each
