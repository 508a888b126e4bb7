"""Call Slack's Web API; of a failed call, say whether it may have been done, and when to try again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.errors import CallOutcome, SlackDown

log = structlog.get_logger()

RATE_LIMITED = 429
SERVER_ERROR = 500
GATEWAY = (502, 504)
"""Said by a gateway before Slack, which may still carry the call out."""

RETRY_AFTER_S = 30.0
"""Where a 429 does not say how long to wait: the least that Slack's tiers take to let somebody in again."""

UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack's words for a failure of its own, after which the call may have been done all the same."""


class BlocksRefused(SlackDown):
    """Slack refuses the message's blocks."""


class SlackBusy(SlackDown):
    """Slack asks to wait; it is shown when its turn comes."""

    wait_s: float

    def __init__(self, wait_s: float, sentence: str | None = None) -> None:
        super().__init__(sentence, wait_s=wait_s)


FAILURES = (SlackApiError, TimeoutError, aiohttp.ClientError, OSError)
"""What Slack's client raises."""


async def call(
    client: AsyncWebClient,
    method: str,
    *,
    read: bool = False,
    **arguments: Any,  # noqa: ANN401  Slack's JSON
) -> Mapping[str, Any]:
    """Call a method.

    Args:
        client: Slack's client.
        method: The method's name.
        read: Whether the method reads; those take no JSON.
        arguments: What the method is sent; `None` is left out.

    Raises:
        SlackBusy: If Slack asks to wait.
        SlackDown: With what to mend, and whether the call may be done all the same.
    """
    payload = {name: value for name, value in arguments.items() if value is not None}
    try:
        response = await (
            client.api_call(method, http_verb="GET", params=payload)
            if read
            else client.api_call(method, json=payload)
        )
    except FAILURES as error:
        raise failure(method, error) from error
    body = response.data
    return body if isinstance(body, dict) else {}


def failure(method: str, error: Exception) -> SlackDown:
    """Turn an error of Slack's client into ours."""
    if not isinstance(error, SlackApiError):
        never_sent = isinstance(error, aiohttp.ClientConnectorError)
        sentence = f"{method}: Slack does not answer ({type(error).__name__})."
        return SlackDown(sentence, outcome="not_done" if never_sent else "under_way")
    status, said = _status(error), _word(error)
    if status == RATE_LIMITED:
        wait_s = _retry_after_s(error)
        log.warning("slack_asks_to_wait", method=method, wait_s=wait_s)
        return SlackBusy(wait_s, _mend(method, "ratelimited"))
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
