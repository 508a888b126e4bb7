"""Requests of Slack on their way to a worker: stored before they are acknowledged, so none is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import structlog
from redis.asyncio import Redis
from slack_bolt.async_app import AsyncBoltRequest

from bot.store.errors import WHO_ELSE, store_errors
from bot.store.keys import Keys
from bot.store.queues.stream import ONCE_FOR_S, Stream, StreamEntry
from bot.store.refusals import Refusals
from bot.store.signer import Signer
from bot.timing import DEFAULT_TIMING, Timing
from bot.tracing import UNTRACED, Tracing

log = structlog.get_logger()

SEAL_USE = b"neumann-bot request of Slack, version 1"

ANSWERED_IN_PLACE = frozenset({"view_submission", "view_closed", "block_suggestion", "url_verification"})
"""Types of requests whose answer Slack shows where the person is, so they are not stored."""


@dataclass(frozen=True)
class SlackRequest:
    """One request: its body as it came, its content type, and the type and event id in it.

    `handle` is that of the button or plan it is about, where it says no more than that.
    """

    body: str
    content_type: str
    type: str = ""
    event_id: str = ""
    handle: str = ""

    @classmethod
    def read(cls, body: str, content_type: str) -> SlackRequest:
        """Read no more of a request than says how it is to be answered.

        Raises:
            ValueError: If it is none of Slack's.
        """
        if content_type.startswith("application/json"):
            payload = json.loads(body)
        else:
            form = dict(parse_qsl(body, keep_blank_values=True))
            payload = json.loads(form["payload"]) if "payload" in form else form
        if not isinstance(payload, dict):
            raise ValueError("it is no object")
        kind, event_id = payload.get("type", ""), payload.get("event_id", "")
        return cls(body, content_type, str(kind), str(event_id), _handle_in(payload))

    @property
    def is_answered_in_place(self) -> bool:
        """Return whether the answer belongs into the acknowledgement."""
        return self.type in ANSWERED_IN_PLACE

    def for_bolt(self) -> AsyncBoltRequest:
        """Return the request as Bolt takes it from a socket: without a signature, which has been checked."""
        headers: dict[str, str | Sequence[str]] = {"content-type": self.content_type}
        return AsyncBoltRequest(body=self.body, headers=headers, mode="socket_mode")


def _handle_in(payload: dict[str, Any]) -> str:
    match payload:
        case {"view": {"private_metadata": str(handle)}} | {"actions": [{"value": str(handle)}, *_]}:
            return handle
    return ""


class SlackRequests:
    """The requests that wait for a worker: `stream` gives them out."""

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        consumer: str,
        seal: Signer,
        timing: Timing = DEFAULT_TIMING,
        *,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._redis, self._keys, self._seal = redis, Keys(prefix), seal
        self.refusals, self.tracing = Refusals(redis, prefix), tracing
        self.stream = Stream(redis, self._keys.slack_requests(), consumer, timing, tracing=tracing)

    async def store(self, request: SlackRequest, name: str) -> bool:
        """Store a request; it is there when this returns, and wakes a worker.

        Args:
            request: What Slack sent.
            name: Names this sending of the request, such as its signature.

        Returns:
            Whether it was new: an event is known again by its id, however often it is sent.

        Raises:
            StoreDown: If it may not be stored.
        """
        parts = request.content_type.encode(), request.body.encode()
        fields = {"type": parts[0], "body": parts[1], "seal": self._seal.make(*parts)}
        return await self.stream.add(fields, once=self._keys.seen(request.event_id or name))

    async def is_first(self, name: str) -> bool:
        """Return whether a name is new, and remember it.

        Raises:
            StoreDown: If Redis does not say.
        """
        async with store_errors():
            return bool(await self._redis.set(self._keys.seen(name), 1, nx=True, ex=ONCE_FOR_S))

    def opened(self, entry: StreamEntry) -> SlackRequest | None:
        """Return a stored request; `None` where no bot with these keys has stored it."""
        parts = entry.fields.get(b"type", b""), entry.fields.get(b"body", b"")
        if not self._seal.holds(entry.fields.get(b"seal", b""), *parts):
            log.error("slack_request_not_ours", entry=entry.id, hint=WHO_ELSE)
            return None
        return SlackRequest(body=parts[1].decode(), content_type=parts[0].decode())
