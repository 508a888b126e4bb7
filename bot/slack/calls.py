"""Calls of Slack's Web API: what may have come of one that failed, and when one may ask again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.errors import CallOutcome, SlackDown

RATE_LIMITED = 429
SERVER_ERROR = 500
GATEWAY = (502, 504)
"""Said by somebody before Slack, which may be at it still."""

RETRY_AFTER_S = 30.0
"""Where a 429 does not say how long to wait: the least that Slack's tiers take to let somebody in again."""

FORGOTTEN_AFTER_S = 10.0
"""Who was to go first and has not come for so long does not come: another replica has done it."""

UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack's words for a failure of its own, after which the call may have been done all the same."""

Gate = tuple[str, str]
"""Slack limits each method by itself, and posts by the channel."""


class BlocksRefused(SlackDown):
    """Slack refuses the message's blocks."""


class SlackCalls:
    """Calls Slack; after a 429 nothing goes through the same gate before the time that Slack named.

    Then what is urgent goes first: as long as such a call waits at the gate, no other passes.
    """

    def __init__(self, client: AsyncWebClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._opens_at: dict[Gate, float] = {}
        self._urgent: dict[Gate, dict[str, float]] = {}

    async def call(
        self,
        method: str,
        *,
        read: bool = False,
        urgent: str = "",
        **arguments: Any,  # noqa: ANN401  Slack's JSON
    ) -> Mapping[str, Any]:
        """Call a method.

        Args:
            method: Its name.
            read: Whether it reads; Slack's reading methods take no JSON.
            urgent: Who waits, where the call is to go before others; empty where it is not.
            arguments: What it is sent; `None` is left out.

        Raises:
            SlackDown: With what to mend, when to come again, and what may have come of it.
        """
        gate = method, str(arguments.get("channel", ""))
        wait_s = self._wait_s(gate, urgent)
        if wait_s > 0:
            raise SlackDown(_mend(method, "ratelimited"), wait_s=wait_s)
        payload = {name: value for name, value in arguments.items() if value is not None}
        try:
            response = await (
                self._client.api_call(method, http_verb="GET", params=payload)
                if read
                else self._client.api_call(method, json=payload)
            )
        except FAILURES as error:
            down = failure(method, error)
            if down.wait_s is not None:
                self._shut(gate, urgent, down.wait_s)
            raise down from error
        self._urgent.get(gate, {}).pop(urgent, None)
        body = response.data
        return body if isinstance(body, dict) else {}

    def _wait_s(self, gate: Gate, urgent: str) -> float:
        now_s = self._monotonic()
        shut_s = self._opens_at.get(gate, now_s) - now_s
        if urgent:
            if shut_s > 0:
                self._let_go_first(gate, urgent)
            return shut_s
        first = {who: until for who, until in self._urgent.get(gate, {}).items() if until > now_s}
        self._urgent[gate] = first
        return max(shut_s, 1.0) if first else shut_s

    def _let_go_first(self, gate: Gate, who: str) -> None:
        self._urgent.setdefault(gate, {})[who] = self._opens_at[gate] + FORGOTTEN_AFTER_S

    def _shut(self, gate: Gate, urgent: str, wait_s: float) -> None:
        self._opens_at[gate] = self._monotonic() + wait_s
        if urgent:
            self._let_go_first(gate, urgent)


FAILURES = (SlackApiError, TimeoutError, aiohttp.ClientError, OSError)
"""What Slack's client raises."""


def failure(method: str, error: Exception) -> SlackDown:
    """What one of these means for the method that was called."""
    if not isinstance(error, SlackApiError):
        never_sent = isinstance(error, aiohttp.ClientConnectorError)
        sentence = f"{method}: Slack does not answer ({type(error).__name__})."
        return SlackDown(sentence, outcome="not_done" if never_sent else "under_way")
    status, said = _status(error), _word(error)
    if status == RATE_LIMITED:
        return SlackDown(_mend(method, "ratelimited"), wait_s=_retry_after_s(error))
    if said == "invalid_blocks":
        return BlocksRefused(_mend(method, said))
    failed = status >= SERVER_ERROR or said in UNSURE
    outcome: CallOutcome = "under_way" if status in GATEWAY else "unknown" if failed else "not_done"
    return SlackDown(_mend(method, said), outcome=outcome)


def _status(error: SlackApiError) -> int:
    # The client hands over its own response, or aiohttp's where the body is no JSON.
    response = error.response
    return int(getattr(response, "status_code", 0) or getattr(response, "status", 0))


def _word(error: SlackApiError) -> str:
    said = getattr(error.response, "data", None)
    return str(said.get("error", "unknown")) if isinstance(said, dict) else "nothing that can be read"


def _retry_after_s(error: SlackApiError) -> float:
    try:
        return max(float(error.response.headers["Retry-After"]), 1.0)
    except (KeyError, ValueError):
        return RETRY_AFTER_S


_MENDS = {
    "not_in_channel": "invite the bot to the channel (/invite @neumann-bot)",
    "channel_not_found": "check the channel id in the configuration",
    "is_archived": "the channel is archived; name another in the configuration",
    "invalid_auth": "check the bot token",
    "missing_scope": "reinstall the app with the scopes of deploy/slack-manifest.yaml",
    "ratelimited": "Slack asks to wait",
}


def _mend(method: str, error: str) -> str:
    return f"{method}: Slack says {error}: {_MENDS.get(error, 'see the app configuration')}."
