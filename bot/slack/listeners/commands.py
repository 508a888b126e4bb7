"""`/neumann`, and the bot's name in a thread, where slash commands do not work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.canvas import put_report
from bot.slack.delivery.month_picture import put_month
from bot.slack.listeners.payloads import Body, typed
from bot.slack.views import answers
from bot.slack.views.blocks import Block
from handlers import commands
from handlers.commands import election
from handlers.commands.answers import Answer, Asked, MonthShown, PostmortemAnswer, Watch
from handlers.domain.events.base import Person
from handlers.errors import BotError
from handlers.ports import Ports

log = structlog.get_logger()
Show = Callable[[str, list[Block]], Awaitable[None]]


@dataclass(frozen=True)
class Reply:
    """How an answer is shown: at first, when it is repeated, and as a file."""

    show: Show
    show_again: Show
    client: AsyncWebClient
    channel: str
    thread_ts: str | None = None


MENTION = re.compile(r"<@[UW][A-Z0-9]+(\|[^>]*)?>\s*")


def register(app: AsyncApp, ports: Ports) -> None:
    """Connect the command and the mention."""

    @app.command("/neumann")
    async def neumann(ack: AsyncAck, command: Body, respond: AsyncRespond, client: AsyncWebClient) -> None:
        await ack()
        asked = Asked(_asker(command))

        async def show(text: str, blocks: list[Block]) -> None:
            await respond(text=text, blocks=blocks, replace_original=False)

        async def show_again(text: str, blocks: list[Block]) -> None:
            await respond(text=text, blocks=blocks, replace_original=True)

        reply = Reply(show, show_again, client, str(command.get("channel_id", "")))
        await _answer(ports, str(command.get("text") or ""), asked, reply)

    @app.event("app_mention")
    async def mentioned(event: Body, say: AsyncSay, client: AsyncWebClient) -> None:
        channel, ts = str(event.get("channel", "")), str(event.get("ts", ""))
        thread_ts = str(event.get("thread_ts") or "")
        incident_id = await ports.threads.incident_at(channel, thread_ts) if thread_ts else None
        user = str(event.get("user", ""))
        by = Person(id=user, name=await ports.directory.name(user), team=str(event.get("team", "")))
        words = typed(MENTION.sub("", str(event.get("text", "")), count=1))
        asked = Asked(by, in_thread_of=incident_id)

        async def show(text: str, blocks: list[Block]) -> None:
            await say(text=text, blocks=blocks, thread_ts=thread_ts or ts)

        await _answer(ports, words, asked, Reply(show, show, client, channel, thread_ts or ts))


def _asker(command: Body) -> Person:
    return Person(
        id=str(command.get("user_id", "")),
        name=str(command.get("user_name") or command.get("user_id", "")),
        team=str(command.get("team_id", "")),
    )


async def _answer(ports: Ports, text: str, asked: Asked, reply: Reply) -> None:
    try:
        answer = await commands.answer(ports, text, asked)
        if isinstance(answer, Watch):
            await _watch(ports, asked, answer, reply)
        elif isinstance(answer, PostmortemAnswer):
            await put_report(ports, answer, reply.client, reply.channel, reply.thread_ts)
        elif isinstance(answer, MonthShown):
            await reply.show(*answers.answer(answer))
            if why_not := await put_month(answer.report, reply.client, reply.channel, reply.thread_ts):
                await reply.show(*answers.refusal(why_not))
        else:
            await reply.show(*answers.answer(answer))
    except BotError as error:
        await reply.show(*answers.refusal(str(error)))
    except Exception:
        log.exception("command_failed")
        await reply.show("That failed inside the bot; its log says why. Nothing was changed.", [])


async def _watch(ports: Ports, asked: Asked, watch: Watch, reply: Reply) -> None:
    for turn in range(watch.times):
        if turn:
            await asyncio.sleep(watch.every_s)
        status: Answer = await election.status(ports, Asked(asked.by, watch.cluster))
        await (reply.show_again if turn else reply.show)(*answers.answer(status))
