"""Triage in Slack: buttons of headline and findings, their modals, the message shortcut and the pin."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.canvas import put_report
from bot.slack.listeners.payloads import Body, click, person, submission, tell, typed, value
from bot.slack.views import plan_modal, triage_modals
from bot.slack.views.blocks import Block
from bot.slack.views.message import MORE_ACTION, TRIAGE_ACTION
from handlers import load_incidents, triage
from handlers.alerting import regroup
from handlers.authorization import check_colleague, incident_of
from handlers.commands import incident as incident_commands
from handlers.commands.answers import Asked
from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.errors import BotError, Refused
from handlers.ports import Ports

log = structlog.get_logger()

SHORTCUT = "add_to_incident"
PINS = frozenset({"pushpin", "round_pushpin", "memo"})
AT_ONCE = {do.__name__: do for do in (triage.acknowledge, triage.resolve, triage.reopen, triage.read_again)}
MODALS: dict[str, Callable[[Incident, str], Block]] = {
    "assign": triage_modals.assign,
    "snooze": triage_modals.snooze,
    "note": triage_modals.note,
    "split": triage_modals.split,
}


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect the headline's buttons, their modals, the message shortcut and the pin."""

    @app.action(f"{TRIAGE_ACTION}:runbook")
    async def runbook_opened(ack: AsyncAck) -> None:
        await ack()  # the button's own link has done everything

    for name in AT_ONCE:
        app.action(f"{TRIAGE_ACTION}:{name}")(_at_once(ports, name))
    for name in ("assign", "snooze"):
        app.action(f"{TRIAGE_ACTION}:{name}")(_opening(ports, name))

    @app.action(MORE_ACTION)
    async def more(ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
        what, _, handle = value(body).partition(".")
        await ack()
        if what == "report":
            await _report(ports, handle, body, client, respond)
        else:
            await _open(ports, what, handle, _Clicked(body, client, respond))

    _register_modals(app, ports)
    _register_messages(app, ports)


def _at_once(ports: Ports, name: str) -> Callable[..., Awaitable[None]]:
    async def clicked(ack: AsyncAck, body: Body, respond: AsyncRespond) -> None:
        try:
            incident = await incident_of(ports, click(body))
            await AT_ONCE[name](ports, incident.id, person(body))
        except BotError as error:
            await tell(respond, str(error))
        await ack()

    return clicked


def _opening(ports: Ports, name: str) -> Callable[..., Awaitable[None]]:
    async def clicked(ack: AsyncAck, body: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
        await _open(ports, name, value(body), _Clicked(body, client, respond))
        await ack()

    return clicked


@dataclass(frozen=True)
class _Clicked:
    """A click and the means to answer it."""

    body: Body
    client: AsyncWebClient
    respond: AsyncRespond


async def _open(ports: Ports, what: str, handle: str, clicked: _Clicked) -> None:
    respond, body = clicked.respond, clicked.body
    try:
        by = person(body)
        incident = await incident_of(ports, click(body, handle))
        await check_colleague(ports, by)
        view = await _merging(ports, incident, by) if what == "merge" else MODALS[what](incident, by.id)
        await clicked.client.views_open(trigger_id=body["trigger_id"], view=view)
    except BotError as error:
        await tell(respond, str(error))
    except KeyError:
        await tell(respond, "This choice is from another version of the bot.")
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("modal_not_shown", error=str(error))
        await tell(respond, "Slack did not open it in time; nothing was done. Click again.")


async def _merging(ports: Ports, incident: Incident, by: Person) -> Block:
    found, _ = await load_incidents.load(ports, await ports.timelines.open_on(incident.cluster))
    others = [each for each in found if each.opened_at and not each.closed and each.id != incident.id]
    if not others:
        raise Refused(f"No other incident of {incident.cluster} is open.")
    return triage_modals.merge(incident, others, by.id)


async def _report(
    ports: Ports, handle: str, body: Body, client: AsyncWebClient, respond: AsyncRespond
) -> None:
    try:
        incident = await incident_of(ports, click(body, handle))
        written = await incident_commands.write_report(ports, Asked(person(body), incident.id))
        await put_report(ports, written, client, str(body["channel"]["id"]))
    except BotError as error:
        await tell(respond, str(error))
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("report_not_uploaded", error=str(error))
        await tell(respond, "Slack did not take the report; `neumann-bot incidents export` has the timeline.")


def _register_modals(app: AsyncApp, ports: Ports) -> None:
    async def assign(incident_id: str, by: Person, view: Body) -> None:
        to = triage_modals.chosen(view)
        await triage.assign(ports, incident_id, by, Person(id=to, name=await ports.directory.name(to)))

    async def snooze(incident_id: str, by: Person, view: Body) -> None:
        await triage.snooze(ports, incident_id, by, triage_modals.span_of(view))

    async def note(incident_id: str, by: Person, view: Body) -> None:
        await triage.add_note(ports, incident_id, by, triage_modals.chosen(view))

    async def merge(incident_id: str, by: Person, view: Body) -> None:
        await regroup.merge(ports, incident_id, triage_modals.chosen(view), by)

    async def split(incident_id: str, by: Person, view: Body) -> None:
        await regroup.split(ports, incident_id, triage_modals.chosen(view), by)

    modals = {
        triage_modals.ASSIGN: assign,
        triage_modals.SNOOZE: snooze,
        triage_modals.NOTE: note,
        triage_modals.MERGE: merge,
        triage_modals.SPLIT: split,
    }
    for callback, do in modals.items():
        app.view(callback)(_submitted(ports, do))


def _submitted(
    ports: Ports, do: Callable[[str, Person, Body], Awaitable[None]]
) -> Callable[..., Awaitable[None]]:
    async def submitted(ack: AsyncAck, body: Body, view: Body) -> None:
        try:
            incident = await incident_of(ports, submission(body, view))
            await do(incident.id, person(body), view)
        except BotError as error:
            await ack(response_action="update", view=plan_modal.sentence_modal("Not done", str(error)))
        else:
            await ack()

    return submitted


def _register_messages(app: AsyncApp, ports: Ports) -> None:
    @app.shortcut(SHORTCUT)
    async def add_message(
        ack: AsyncAck, shortcut: Body, client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        await ack()
        await _add_message(ports, shortcut, client, respond)

    @app.view(triage_modals.NOTE_MESSAGE)
    async def chosen_for_message(ack: AsyncAck, body: Body, view: Body) -> None:
        source = json.loads(view["private_metadata"])
        try:
            incident = await incident_of(ports, submission(body, view, triage_modals.chosen(view)))
            await triage.add_note(ports, incident.id, person(body), source["text"], source["link"])
        except BotError as error:
            await ack(response_action="update", view=plan_modal.sentence_modal("Not done", str(error)))
        else:
            await ack()

    @app.event("reaction_added")
    async def pinned(event: Body, client: AsyncWebClient) -> None:
        if event.get("reaction") in PINS and (event.get("item") or {}).get("type") == "message":
            await _pin(ports, event, client)


async def _add_message(ports: Ports, shortcut: Body, client: AsyncWebClient, respond: AsyncRespond) -> None:
    message, channel = shortcut["message"], str(shortcut["channel"]["id"])
    by, thread_ts = person(shortcut), str(message.get("thread_ts") or message.get("ts", ""))
    try:
        link = await _link(client, channel, str(message["ts"]))
        incident_id = await ports.threads.incident_at(channel, thread_ts)
        if incident_id:
            await triage.add_note(ports, incident_id, by, typed(message.get("text")), link)
            return await tell(respond, f"Noted in {incident_id}.")
        found, _ = await load_incidents.load(ports, await ports.timelines.open_incidents())
        incidents = [each for each in found if each.handle]
        if not incidents:
            raise Refused("No incident is open.")
        source = json.dumps({"text": typed(message.get("text"))[:1_500], "link": link})
        view = triage_modals.note_message(incidents, source, by.id)
        await client.views_open(trigger_id=shortcut["trigger_id"], view=view)
    except BotError as error:
        await tell(respond, str(error))
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("message_not_added", error=str(error))
        await tell(respond, "Slack did not open the choice in time; nothing was noted. Try again.")


async def _pin(ports: Ports, event: Body, client: AsyncWebClient) -> None:
    """Add a pinned message of an incident's thread to its timeline."""
    channel, ts = str(event["item"]["channel"]), str(event["item"]["ts"])
    try:
        found = await client.conversations_replies(channel=channel, ts=ts, limit=1, inclusive=True)
        message: Body = next(iter(found.get("messages") or []), {})
        thread_ts = str(message.get("thread_ts") or ts)
        incident_id = await ports.threads.incident_at(channel, thread_ts)
        if incident_id is None:
            return
        user = str(event["user"])
        by = Person(id=user, name=await ports.directory.name(user))
        await triage.add_note(
            ports, incident_id, by, typed(message.get("text")), await _link(client, channel, ts)
        )
    except (BotError, SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        log.warning("pin_not_noted", error=str(error))


async def _link(client: AsyncWebClient, channel: str, ts: str) -> str:
    answer = await client.chat_getPermalink(channel=channel, message_ts=ts)
    return str(answer["permalink"])
