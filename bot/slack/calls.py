"""Calls of Slack's Web API: what may have come of one that failed, and when one may ask again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.refusals import FAILURES, asks_to_wait, failure

FORGOTTEN_AFTER_S = 10.0
"""Who was to go first and has not come for so long does not come: another replica has done it."""

Gate = tuple[str, str]
"""Slack limits each method by itself, and posts by the channel."""


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
            raise asks_to_wait(method, wait_s)
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
