"""Call Slack's Web API; of a failed call, say whether it may have been done, and when to try again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.documented_answers import is_documented
from bot.slack.delivery.refusals import Refusal, mend, refusal_of
from handlers.errors import CallOutcome, SlackDown

log = structlog.get_logger()

OK = 200
REQUEST_TIMEOUT = 408
RATE_LIMITED = 429
SERVER_ERROR = 500
GATEWAY = (502, 504)
"""Said by a gateway before Slack, which may still carry the call out."""

RETRY_AFTER_S = 30.0
"""Where a 429 does not say how long to wait: the least that Slack's tiers take to let somebody in again."""

MAX_RETRY_AFTER_S = 600.0
"""Slack's limits count minutes; whoever asks for more is asked again by then."""

MAX_WORD_CHARS = 80
"""Slack's longest word has half as many."""

RATE_WORDS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded", "team_added_to_org"})
"""Words by which Slack asks everybody to wait; the other passing ones are failures of its own, after which
the call may have been done all the same."""

UNREADABLE = "nothing that can be read"


class SlackRefused(SlackDown):
    """Slack has said no, so nothing was done: `word` is its own, `refusal` what that word refuses."""

    def __init__(self, method: str, word: str, wait_s: float | None = None) -> None:
        super().__init__(_sentence(method, word), wait_s=wait_s)
        self.word = word
        self.refusal = refusal_of(word)


class AnswerLostError(SlackDown):
    """Slack, or whoever stands before it, has said something that proves nothing."""

    def __init__(self, method: str, word: str, outcome: CallOutcome) -> None:
        super().__init__(_sentence(method, word), outcome=outcome)
        self.method = method
        self.word = word

    @property
    def is_of_message(self) -> bool:
        """Return whether Slack itself has failed at a message, and not at all that it is asked."""
        return self.outcome == "unknown" and self.method.startswith("chat.")


class SlackBusy(SlackDown):
    """Slack asks to wait; it is shown when its turn comes."""

    wait_s: float

    def __init__(self, wait_s: float, sentence: str | None = None) -> None:
        super().__init__(sentence, wait_s=wait_s)


FAILURES = (
    SlackApiError,
    TimeoutError,
    aiohttp.ClientError,
    OSError,
    ValueError,
    AttributeError,
    RecursionError,
)
"""What Slack's client raises; the last three where the body is text or JSON that it does not expect."""


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

    Returns:
        The answer: a JSON object as Slack documents it, its `ok` true.

    Raises:
        SlackBusy: If Slack asks to wait.
        SlackRefused: If Slack refuses it, and so has not done it.
        SlackDown: If it may have been done, or nobody was reached.
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
    if not isinstance(body, dict) or not is_documented(method, body):
        raise _lost(method, UNREADABLE, OK)
    return {**body, "date": response.headers.get("Date", "")}


def failure(method: str, error: Exception) -> SlackDown:
    """Turn an error of Slack's client into ours; only `ok: false` proves that nothing was done."""
    if not isinstance(error, SlackApiError):
        never_sent = isinstance(error, aiohttp.ClientConnectorError)
        sentence = f"{method}: Slack does not answer ({type(error).__name__})."
        return SlackDown(sentence, outcome="not_done" if never_sent else "under_way")
    status, word = _status(error), _word(error)
    if status == RATE_LIMITED or (status == OK and word in RATE_WORDS):
        wait_s = _retry_after_s(error)
        log.warning("slack_asks_to_wait", method=method, wait_s=wait_s)
        return SlackBusy(wait_s, _sentence(method, "ratelimited"))
    unsure = status >= SERVER_ERROR or status == REQUEST_TIMEOUT
    if word is None or unsure or refusal_of(word) is Refusal.PASSING:
        return _lost(method, word or UNREADABLE, status)
    return SlackRefused(method, word)


def _lost(method: str, said: str, status: int) -> AnswerLostError:
    """Return that the answer is lost; whoever stands before Slack may answer while the call is under way."""
    early = status in (*GATEWAY, REQUEST_TIMEOUT) or (status == OK and said == UNREADABLE)
    outcome: CallOutcome = "under_way" if early else "unknown"
    return AnswerLostError(method, said, outcome)


def _status(error: SlackApiError) -> int:
    # The client hands over its own response, or aiohttp's where the body is no JSON.
    response = error.response
    return int(getattr(response, "status_code", 0) or getattr(response, "status", 0))


def _word(error: SlackApiError) -> str | None:
    """Return Slack's error word; `None` where the body is none of Slack's refusals."""
    said = getattr(error.response, "data", None)
    return word_in(said) if isinstance(said, dict) and said.get("ok") is False else None


def word_in(body: Mapping[str, Any]) -> str:
    """Return Slack's error word; what is none of Slack's is cut: it becomes a key, a label and a log line."""
    return str(body.get("error") or "unknown")[:MAX_WORD_CHARS]


def _retry_after_s(error: SlackApiError) -> float:
    try:
        asked_s = float(error.response.headers["Retry-After"])
    except (KeyError, ValueError):
        return RETRY_AFTER_S
    return min(max(asked_s, 1.0), MAX_RETRY_AFTER_S) if math.isfinite(asked_s) else RETRY_AFTER_S


def _sentence(method: str, word: str) -> str:
    return f"{method}: Slack says {word}: {mend(word)}."
