"""Remedies: the button, the plan's modal, the second approval, the stop."""

from __future__ import annotations

from collections.abc import Awaitable

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.listeners.action_ids import starting_with
from bot.slack.listeners.payloads import Body, click, person, submission, tell
from bot.slack.views import plan_modal
from bot.slack.views.message import APPROVE_ACTION, REMEDY_ACTION, STOP_ACTION
from handlers.authorization import Submission
from handlers.errors import BotError, Refused, StalePlan
from handlers.ports import Ports
from handlers.remediation import propose, second_approval
from handlers.remediation.preconditions import ShownPlan

log = structlog.get_logger()


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect the buttons and modals that lead to an action on a node."""
    _register_buttons(app, ports)
    _register_modals(app, ports)


def _register_buttons(app: AsyncApp, ports: Ports) -> None:
    can_silence = ports.silences is not None

    @app.action({"type": "block_actions", "action_id": starting_with(REMEDY_ACTION)})
    async def remedy_clicked(
        ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        plan = propose.propose(ports, click(body))
        await _show(plan, plan_modal.CONFIRM_CALLBACK, body, client, respond, can_silence=can_silence)
        await ack()

    @app.action(APPROVE_ACTION)
    async def second_asked(ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
        plan = second_approval.awaiting(ports, click(body))
        await _show(plan, plan_modal.APPROVE_CALLBACK, body, client, respond)
        await ack()

    @app.action(STOP_ACTION)
    async def stop_clicked(ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        try:
            await propose.stop(ports, click(body))
        except BotError as error:
            await tell(respond, str(error))
        await ack()


def _register_modals(app: AsyncApp, ports: Ports) -> None:
    @app.view(plan_modal.CONFIRM_CALLBACK)
    async def plan_confirmed(ack: AsyncAck, body: Body, view: Body) -> None:
        submitted, minutes = submission(body, view), plan_modal.silence_minutes(view)
        try:
            await propose.confirm(ports, submitted, silence_minutes=minutes)
        except StalePlan as error:
            await ack(response_action="update", view=await _fresh_plan(ports, submitted, str(error)))
        except BotError as error:
            await ack(response_action="update", view=plan_modal.sentence_modal("Not run", str(error)))
        else:
            await ack()

    @app.view(plan_modal.APPROVE_CALLBACK)
    async def plan_approved(ack: AsyncAck, body: Body, view: Body) -> None:
        try:
            await second_approval.approve(ports, submission(body, view))
        except BotError as error:
            await ack(response_action="update", view=plan_modal.sentence_modal("Not run", str(error)))
        else:
            await ack()


async def _show(
    work: Awaitable[ShownPlan],
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
        await tell(respond, str(error))
        return
    viewer = person(body).id
    view = plan_modal.plan_modal(incident, proposed, callback, viewer=viewer, can_silence=can_silence)
    try:
        await client.views_open(trigger_id=body["trigger_id"], view=view)
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("plan_not_shown", incident=incident.id, error=str(error))
        await tell(respond, "Slack did not open the plan in time; nothing was done. Click again.")


async def _fresh_plan(ports: Ports, submitted: Submission, reason: str) -> Body:
    try:
        incident, proposed = await propose.propose_again(ports, submitted)
    except BotError as error:
        return plan_modal.sentence_modal("Not run", f"{reason} {error}")
    can_silence = ports.silences is not None
    return plan_modal.plan_modal(
        incident, proposed, viewer=submitted.by.id, reason=reason, can_silence=can_silence
    )
