"""Thin listeners: acknowledge, parse, call a handler, show what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import answers
from bot.slack.view import REMEDY_ACTION
from handlers import commands, remediation
from handlers.errors import BotError, Refused
from handlers.events import Person
from handlers.ports import Ports

log = structlog.get_logger()
Body = dict[str, Any]


def register(app: AsyncApp, ports: Ports, background: set[asyncio.Task[None]]) -> None:
    """Connect Slack's command, buttons and modal with the handlers.

    Args:
        app: The Bolt app.
        ports: What the handlers touch.
        background: Holds the tasks that outlive their request, so that shutdown can wait for them.
    """

    def later(work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        background.add(task)
        task.add_done_callback(background.discard)

    @app.command("/neumann")
    async def neumann(ack: AsyncAck, command: Body, respond: AsyncRespond) -> None:
        await ack()
        later(_answer(ports, str(command.get("text") or ""), respond))

    @app.action({"type": "block_actions", "action_id": _starting_with(REMEDY_ACTION)})
    async def remedy_clicked(
        ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await _propose(ports, body, client, respond)
        await ack()

    @app.view(answers.CONFIRM_CALLBACK)
    async def plan_confirmed(ack: AsyncAck, body: Body, view: Body) -> None:
        try:
            await remediation.confirm(ports, str(view["private_metadata"]), _person(body))
        except BotError as error:
            await ack(response_action="update", view=answers.sentence_modal("Not run", str(error)))
        else:
            await ack()

    @app.action(_starting_with(""))
    async def unknown_action(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(
            text="This button is from another version of the bot; `/neumann help` lists what works.",
            replace_original=False,
        )


def _starting_with(prefix: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(prefix)}")


async def _answer(ports: Ports, text: str, respond: AsyncRespond) -> None:
    try:
        said, blocks = answers.answer(await commands.answer(ports, text))
        await respond(text=said, blocks=blocks)
    except BotError as error:
        await respond(text=str(error))
    except Exception:
        log.exception("command_failed")
        await respond(text="That failed inside the bot; its log says why. Nothing was changed.")


async def _propose(ports: Ports, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
    action, message = body["actions"][0], body.get("message") or {}
    click = remediation.Click(
        handle=str(action.get("value", "")),
        by=_person(body),
        channel=str((body.get("channel") or {}).get("id", "")),
        message_ts=str(message.get("ts", "")),
    )
    try:
        incident, proposed = await remediation.propose(ports, click)
    except BotError as error:
        if not isinstance(error, Refused):
            log.error("proposal_failed", error=str(error))
        await respond(text=str(error), replace_original=False, response_type="ephemeral")
        return
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=answers.plan_modal(incident, proposed))
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("plan_not_shown", incident=incident.id, error=str(error))
        sentence = "Slack did not open the plan in time; nothing was done. Click again."
        await respond(text=sentence, replace_original=False, response_type="ephemeral")


def _person(body: Body) -> Person:
    user = body["user"]
    return Person(
        id=str(user["id"]),
        name=str(user.get("username") or user.get("name") or user["id"]),
        team=str((body.get("team") or {}).get("id", "")),
    )
