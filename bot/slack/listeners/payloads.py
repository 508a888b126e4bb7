"""Read Slack's payloads into the handlers' types."""

from __future__ import annotations

import html
from typing import Any

from slack_bolt.async_app import AsyncRespond

from bot.slack.views.blocks import escape
from handlers.authorization import Click, Submission
from handlers.domain.events.base import Person
from handlers.ports import Place

Body = dict[str, Any]


def person(body: Body) -> Person:
    """Return who clicked, submitted or asked."""
    user = body["user"]
    return Person(
        id=str(user["id"]),
        name=str(user.get("username") or user.get("name") or user["id"]),
        team=str((body.get("team") or {}).get("id", "")),
    )


def value(body: Body) -> str:
    """Return the value of the clicked element."""
    action = body["actions"][0]
    return str(action.get("value") or (action.get("selected_option") or {}).get("value", ""))


def click(body: Body, handle: str | None = None) -> Click:
    """Read a click on a message's button; `handle` is given where the element carries more than that."""
    message = body.get("message") or {}
    place = Place(
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        channel=str((body.get("channel") or {}).get("id", "")),
        message_ts=str(message.get("ts", "")),
    )
    return Click(value(body) if handle is None else handle, person(body), place)


def submission(body: Body, view: Body, handle: str | None = None) -> Submission:
    """Read a submitted modal; `handle` is given where it was chosen in the modal.

    What the modal was opened with counts only for the person it was shown to.
    """
    shown, viewer, *_ = (*str(view.get("external_id", "")).split("."), "")
    by = person(body)
    if handle is not None and not shown:
        shown = handle
    return Submission(
        handle=str(view.get("private_metadata", "")) if handle is None else handle,
        by=by,
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        shown=shown if viewer == by.id else "",
    )


async def tell(respond: AsyncRespond, sentence: str) -> None:
    """Answer this person alone; names and other people's text in the sentence are escaped."""
    await respond(text=escape(sentence), replace_original=False, response_type="ephemeral")


def typed(text: object) -> str:
    """Return text as a person typed it: Slack escapes `&`, `<` and `>`."""
    return html.unescape(str(text or ""))
