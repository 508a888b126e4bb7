"""The beginning of a webhook body that is too large, as a notification of its own. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_GROUP = '"groupLabels"'
_SPACE = " \t\r\n"


def beginning_of(body: bytes) -> bytes | None:
    """Return a webhook body with the alerts that stand whole in the beginning of another.

    It says that the rest was left out, as Alertmanager says of what `max_alerts` leaves out. What stands
    behind the alerts, with Alertmanager the version too, is not there to be checked.

    Returns:
        `None` if no alert stands there.
    """
    known: dict[str, Any] = {"version": "4"}
    for name, value in _fields(body.decode(errors="ignore")):
        known[name] = value
    alerts = known.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        return None
    return json.dumps({**known, "cutByReceiver": True}).encode()


def with_group_of(kept: bytes, end: bytes) -> bytes:
    """Return a beginning that was kept with the group's labels, which Alertmanager writes behind the alerts.

    Args:
        kept: What `beginning_of` returned.
        end: The last bytes of the whole body.
    """
    text = end.decode(errors="ignore")
    at = len(text)
    while (at := text.rfind(_GROUP, 0, at)) >= 0:
        start = _behind(text, at + len(_GROUP), ":")
        try:
            labels = _DECODER.raw_decode(text, start)[0] if start is not None else None
        except (ValueError, RecursionError):
            continue
        if isinstance(labels, dict):  # a label or annotation of this name is a text
            return json.dumps({**json.loads(kept), "groupLabels": labels}).encode()
    return kept


def _fields(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the outermost object that stand there whole, and as many alerts as do."""
    at = _behind(text, 0, "{")
    while at is not None:
        try:
            name, at = _DECODER.raw_decode(text, at)
            start = _behind(text, at, ":")
            if start is None or not isinstance(name, str):
                return
            if name == "alerts" and (first := _behind(text, start, "[")) is not None:
                alerts, end = _items(text, first)
                yield name, alerts
            else:
                value, end = _DECODER.raw_decode(text, start)
                yield name, value
        except (ValueError, RecursionError):
            return
        at = _behind(text, end, ",")


def _items(text: str, at: int) -> tuple[list[Any], int]:
    """Return the items of a list that stand there whole, and where the list ends, or the last of them."""
    items: list[Any] = []
    while True:
        try:
            item, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return items, _behind(text, at, "]") or at
        items.append(item)
        after = _behind(text, at, ",")
        if after is None:
            return items, _behind(text, at, "]") or at
        at = after


def _behind(text: str, at: int, mark: str) -> int | None:
    """Return where the next value begins behind a mark; `None` if the mark is not what comes next."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at : at + 1] == mark else None


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
