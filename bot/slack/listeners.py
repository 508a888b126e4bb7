"""Thin listeners: acknowledge, parse, call a handler, show what it says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Coroutine
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import answers
from bot.slack.message import APPROVE_ACTION, REMEDY_ACTION, STOP_ACTION
from handlers import commands, remediation
from handlers.errors import BotError, Refused, StalePlan
from handlers.events import Person, PlanProposed
from handlers.incident import Incident
from handlers.ports import Place, Ports

log = structlog.get_logger()
Body = dict[str, Any]


def register(app: AsyncApp, ports: Ports, background: set[asyncio.Task[None]]) -> None:
    """Connect Slack's command, buttons and modal with the handlers.

    Args:
        app: The Bolt app.
        ports: What the handlers touch.
        background: Holds the tasks that outlive their request, so that shutdown can wait for them.
    """

    can_silence = ports.silences is not None

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
        plan = remediation.propose(ports, _click(body))
        await _show(plan, answers.CONFIRM_CALLBACK, body, client, respond, can_silence=can_silence)
        await ack()

    @app.action(APPROVE_ACTION)
    async def second_asked(ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
        await _show(
            remediation.awaiting(ports, _click(body)), answers.APPROVE_CALLBACK, body, client, respond
        )
        await ack()

    @app.action(STOP_ACTION)
    async def stop_clicked(ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        try:
            await remediation.stop(ports, _click(body))
        except BotError as error:
            await _tell(respond, str(error))
        await ack()

    @app.view(answers.CONFIRM_CALLBACK)
    async def plan_confirmed(ack: AsyncAck, body: Body, view: Body) -> None:
        submission, minutes = _submission(body, view), answers.silence_minutes(view)
        try:
            await remediation.confirm(ports, submission, silence_minutes=minutes)
        except StalePlan as error:
            await ack(response_action="update", view=await _fresh_plan(ports, submission, str(error)))
        except BotError as error:
            await ack(response_action="update", view=answers.sentence_modal("Not run", str(error)))
        else:
            await ack()

    @app.view(answers.APPROVE_CALLBACK)
    async def plan_approved(ack: AsyncAck, body: Body, view: Body) -> None:
        try:
            await remediation.approve(ports, _submission(body, view))
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


async def _show(
    work: Awaitable[tuple[Incident, PlanProposed]],
    callback: str,
    body: Body,
    client: AsyncWebClient,
    respond: AsyncRespond,
    *,
    can_silence: bool = False,
) -> None:
    """Open the plan that the work gives, or say to this person alone why there is none."""
    try:
        incident, proposed = await work
    except BotError as error:
        if not isinstance(error, Refused):
            log.error("plan_failed", error=str(error))
        await _tell(respond, str(error))
        return
    try:
        viewer = _person(body).id
        view = answers.plan_modal(incident, proposed, callback, viewer=viewer, can_silence=can_silence)
        await client.views_open(trigger_id=body["trigger_id"], view=view)
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("plan_not_shown", incident=incident.id, error=str(error))
        await _tell(respond, "Slack did not open the plan in time; nothing was done. Click again.")


async def _fresh_plan(ports: Ports, submission: remediation.Submission, reason: str) -> Body:
    try:
        incident, proposed = await remediation.propose_again(ports, submission)
    except BotError as error:
        return answers.sentence_modal("Not run", f"{reason} {error}")
    can_silence = ports.silences is not None
    return answers.plan_modal(
        incident, proposed, viewer=submission.by.id, reason=reason, can_silence=can_silence
    )


async def _tell(respond: AsyncRespond, sentence: str) -> None:
    await respond(text=sentence, replace_original=False, response_type="ephemeral")


def _click(body: Body) -> remediation.Click:
    message = body.get("message") or {}
    place = Place(
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        channel=str((body.get("channel") or {}).get("id", "")),
        message_ts=str(message.get("ts", "")),
    )
    return remediation.Click(str(body["actions"][0].get("value", "")), _person(body), place)


def _submission(body: Body, view: Body) -> remediation.Submission:
    handle, viewer, *_ = (*str(view.get("external_id", "")).split("."), "")
    person = _person(body)
    return remediation.Submission(
        handle=str(view.get("private_metadata", "")),
        by=person,
        app=str(body.get("api_app_id", "")),
        team=str((body.get("team") or {}).get("id", "")),
        shown=handle if viewer == person.id else "",
    )


def _person(body: Body) -> Person:
    user = body["user"]
    return Person(
        id=str(user["id"]),
        name=str(user.get("username") or user.get("name") or user["id"]),
        team=str((body.get("team") or {}).get("id", "")),
    )
