"""Find a message whose answer or note was lost by its metadata, before it is posted again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.web_api import call
from handlers.domain.incident import Incident

PAGE = 200
MAX_PAGES = 20
"""4,000 messages: a channel that is busier than that in the time looked through gets a second headline."""

MARGIN_S = 3 * 3600.0
"""How much further back than the message's age is looked: the clock that measures it may have been set."""

ADOPTED = frozenset({"headline", "findings"})
"""What an incident takes over of one that was lost, by the alert that opened both; not what people did."""


@dataclass(frozen=True)
class Sought:
    """One message as its metadata tells it from all others.

    `thread` counts the threads of the incident that were lost before, `again` the messages that this one goes
    on with. `firings` are those of the incident's alerts; a message carries the one that opened its incident.
    """

    incident: str
    key: str
    firings: tuple[str, ...] = ()
    thread: int = 0
    again: int = 0

    def metadata(self) -> dict[str, Any]:
        """Return what Slack keeps with the message, and nobody sees."""
        payload = {"incident": self.incident, "key": self.key}
        payload |= {"firing": self.firings[0]} if self.firings else {}
        payload |= {name: str(n) for name, n in (("thread", self.thread), ("again", self.again)) if n}
        return {"event_type": "neumann_incident", "event_payload": payload}

    def is_own(self, payload: Mapping[str, Any]) -> bool:
        """Return whether it is this very message; one of an older version carries no firing."""
        mine = self.metadata()["event_payload"]
        names = ("incident", "key", "thread", "again")
        return all(payload.get(name) == mine.get(name) for name in names)

    def may_adopt(self, payload: Mapping[str, Any]) -> bool:
        """Return whether it is the same of an incident that the same alert opened."""
        is_first = not (self.thread or self.again or payload.get("thread") or payload.get("again"))
        same = payload.get("key") == self.key and payload.get("firing") in self.firings
        return is_first and same and self.key in ADOPTED


def firings_of(incident: Incident, at_most: int | None = None) -> tuple[str, ...]:
    """Return a hash of each firing of an incident, the one that opened it first. No Redis is asked."""
    return tuple(
        _short_hash(f"{incident.identity.key}\n{fingerprint}\n{began.timestamp()}")
        for fingerprint, began in islice(incident.firings, at_most)
    )


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


async def find(
    client: AsyncWebClient,
    sought: Sought,
    channel: str,
    parent_ts: str | None,
    *,
    age_s: float,
    is_lost: Callable[[str], Awaitable[bool]],
) -> str | None:
    """Find a message by its metadata. How far back is looked is measured by Slack's own clock.

    Args:
        client: Slack's client.
        sought: The message.
        channel: Where it would stand.
        parent_ts: In which thread; `None` where it begins one.
        age_s: How old it may be; only what begins a thread is looked for by its age.
        is_lost: Whether no incident that is known posted the message with this ts.

    Returns:
        The message's ts; `None` where it is not there.

    Raises:
        SlackDown: If Slack does not say.
    """
    query: dict[str, Any] = {"channel": channel, "include_all_metadata": True, "limit": PAGE, "ts": parent_ts}
    method = "conversations.replies" if parent_ts else "conversations.history"
    adopted: str | None = None
    for _ in range(MAX_PAGES):
        response = await call(client, method, read=True, **query)
        messages = response.get("messages", [])
        for ts, payload in _ours(messages):
            if sought.is_own(payload):
                return ts
            if adopted is None and sought.may_adopt(payload) and await is_lost(ts):
                adopted = ts
        query["cursor"] = (response.get("response_metadata") or {}).get("next_cursor")
        if not query["cursor"] or (parent_ts is None and _is_past(messages, response, age_s)):
            break
    return adopted


def _ours(messages: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the ts and the metadata of the messages that incidents posted."""
    for message in messages:
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload")
        if metadata.get("event_type") == "neumann_incident" and isinstance(payload, dict):
            yield str(message["ts"]), payload


def _is_past(messages: list[Mapping[str, Any]], answer: Mapping[str, Any], age_s: float) -> bool:
    """Return whether a page, newest first, reaches further back than the message can be."""
    if not messages:
        return False
    return float(messages[-1]["ts"]) < _slack_now_s(messages, answer) - max(age_s, 0.0) - MARGIN_S


def _slack_now_s(messages: list[Mapping[str, Any]], answer: Mapping[str, Any]) -> float:
    """Return Slack's time: its answer's date, and where there is none that of the newest message."""
    try:
        now: datetime = parsedate_to_datetime(str(answer.get("date")))
    except ValueError:
        return float(messages[0]["ts"])
    return now.timestamp()
