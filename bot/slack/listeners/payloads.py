"""What Slack's payloads say, in the handlers' words."""

from __future__ import annotations

import html
from typing import Any

from slack_bolt.async_app import AsyncRespond

from bot.slack.views.blocks import escape
from handlers.domain.events import Person
from handlers.ports import Place
from handlers.remediation.authorization import Click, Submission

Body = dict[str, Any]


def person(body: Body) -> Person:
    """Who clicked, submitted or asked."""
    user = body["user"]
    return Person(
        id=str(user["id"]),
        name=str(user.get("username") or user.get("name") or user["id"]),
        team=str((body.get("team") or {}).get("id", "")),
    )


def value(body: Body) -> str:
    """What the clicked element carries."""
    action = body["actions"][0]
    return str(action.get("value") or (action.get("selected_option") or {}).get("value", ""))


def click(body: Body) -> Click:
    """A click on a button of a message."""
    message = body.get("message") or {}
    place = Place(
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        channel=str((body.get("channel") or {}).get("id", "")),
        message_ts=str(message.get("ts", "")),
    )
    return Click(value(body), person(body), place)


def submission(body: Body, view: Body) -> Submission:
    """A modal that was submitted; what it was opened with counts only for whom it was shown to."""
    handle, viewer, *_ = (*str(view.get("external_id", "")).split("."), "")
    by = person(body)
    return Submission(
        handle=str(view.get("private_metadata", "")),
        by=by,
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        shown=handle if viewer == by.id else "",
    )


async def tell(respond: AsyncRespond, sentence: str) -> None:
    """Say something to this person alone; it may hold names and words of others."""
    await respond(text=escape(sentence), replace_original=False, response_type="ephemeral")


def typed(text: object) -> str:
    """What a person typed: Slack sends `&`, `<` and `>` of it escaped."""
    return html.unescape(str(text or ""))
