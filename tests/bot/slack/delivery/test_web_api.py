"""What an answer of Slack's says, and what it proves."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.delivery.documented_answers import is_documented
from bot.slack.delivery.web_api import SlackRefused, failure

POSTED: dict[str, Any] = {"ok": True, "channel": "C1", "ts": "1764496800.000100", "message": {}}
PROVES: list[tuple[str, dict[str, Any]]] = [
    ("chat.postMessage", POSTED),
    ("chat.update", {"ok": True, "ts": "1.5"}),
    ("conversations.history", {"ok": True, "messages": []}),
    ("users.info", {"ok": True, "user": {}}),
    ("usergroups.users.list", {"ok": True, "users": ["U1"]}),
    ("auth.test", {"ok": True, "team_id": "T1"}),
    ("views.open", {"ok": True}),
]
PROVES_NOTHING: list[tuple[str, object]] = [
    ("chat.postMessage", {**POSTED, "ts": 1.5}),
    ("chat.postMessage", {**POSTED, "ts": "\u0661.\u0665"}),
    ("chat.postMessage", {**POSTED, "ok": "true"}),
    ("chat.postMessage", {**POSTED, "ok": 1}),
    ("chat.postMessage", {**POSTED, "channel": 7}),
    ("chat.postMessage", {**POSTED, "message": "posted"}),
    ("chat.update", {"ok": True}),
    ("conversations.replies", {"ok": True}),
    ("conversations.history", {"ok": True, "messages": [{"ts": 1.5}]}),
    ("users.info", {"ok": True, "user": "U1"}),
    ("usergroups.users.list", {"ok": True, "users": None}),
    ("auth.test", {"ok": True, "team_id": ""}),
    ("views.open", [True]),
]


@pytest.mark.parametrize(("method", "body"), PROVES)
def test_what_slack_documents_proves_it(method: str, body: dict[str, Any]) -> None:
    assert is_documented(method, body)


@pytest.mark.parametrize(("method", "body"), PROVES_NOTHING)
def test_any_other_type_proves_nothing(method: str, body: object) -> None:
    assert not is_documented(method, body)


def refused(body: dict[str, Any]) -> SlackApiError:
    client = AsyncWebClient(token="xoxb-1")
    answer = AsyncSlackResponse(
        client=client,
        http_verb="POST",
        api_url="http://slack/",
        req_args={},
        data=body,
        headers={},
        status_code=200,
    )
    return SlackApiError("no", answer)


@pytest.mark.parametrize("word", ["x" * 100_000, {"no": "word"}, None])
def test_an_error_that_is_no_word_is_a_short_one(word: object) -> None:
    down = failure("chat.update", refused({"ok": False, "error": word}))
    assert isinstance(down, SlackRefused)
    assert 0 < len(down.word) <= 80
