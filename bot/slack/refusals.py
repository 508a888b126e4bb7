"""What Slack says no with, or fails with: in a sentence that says the mend, and what may have come of it."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError

from handlers.errors import CallOutcome, SlackDown

RATE_LIMITED = 429
SERVER_ERROR = 500
GATEWAY = (502, 504)
"""Said by somebody before Slack, which may be at it still."""

RETRY_AFTER_S = 30.0
"""Where a 429 does not say how long to wait: the least that Slack's tiers take to let somebody in again."""

UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Slack's words for a failure of its own, after which the call may have been done all the same."""

FAILURES = (SlackApiError, TimeoutError, aiohttp.ClientError, OSError)
"""What Slack's client raises."""

_MENDS = {
    "not_in_channel": "invite the bot to the channel (/invite @neumann-bot)",
    "channel_not_found": "check the channel id in the configuration",
    "is_archived": "the channel is archived; name another in the configuration",
    "invalid_auth": "check the bot token",
    "missing_scope": "reinstall the app with the scopes of deploy/slack-manifest.yaml",
    "ratelimited": "Slack asks to wait",
}


class BlocksRefused(SlackDown):
    """Slack refuses the message's blocks."""


def failure(method: str, error: Exception) -> SlackDown:
    """The error of ours that stands for one of `FAILURES`.

    Args:
        method: The Web API method that was called.
        error: What the client raised.
    """
    if not isinstance(error, SlackApiError):
        never_sent = isinstance(error, aiohttp.ClientConnectorError)
        sentence = f"{method}: Slack does not answer ({type(error).__name__})."
        return SlackDown(sentence, outcome="not_done" if never_sent else "under_way")
    status, said = _status(error), _word(error)
    if status == RATE_LIMITED:
        return asks_to_wait(method, _retry_after_s(error))
    failed = status >= SERVER_ERROR or said in UNSURE
    outcome: CallOutcome = "under_way" if status in GATEWAY else "unknown" if failed else "not_done"
    kind = BlocksRefused if said == "invalid_blocks" else SlackDown
    return kind(_mend(method, said), outcome=outcome)


def asks_to_wait(method: str, wait_s: float) -> SlackDown:
    """What a 429 means, for as long as it holds."""
    return SlackDown(_mend(method, "ratelimited"), wait_s=wait_s)


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


def _mend(method: str, error: str) -> str:
    return f"{method}: Slack says {error}: {_MENDS.get(error, 'see the app configuration')}."
