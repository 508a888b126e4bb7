"""One way is one trace, through Redis and through Slack, and tells of nothing that it should not."""

from __future__ import annotations

from functools import partial

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis
from starlette.responses import PlainTextResponse

from bot.spans.traced import Traced
from bot.store.queues.inbox import Inbox, StoredNotification
from bot.store.queues.stream import StreamEntry
from bot.store.timelines import TimelineStore
from bot.store.trace_contexts import TraceContexts
from handlers.domain.events.lifecycle import Remarked
from handlers.errors import SlackDown, StoreDown
from handlers.ports import Ports
from tests.bot.conftest import SEAL
from tests.bot.spans.conftest import Sent
from tests.builders import NOON, opened
from tests.handlers.world import World

BODY = b'{"version": "4"}'
OF_ALERTMANAGER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
Given = dict[str, str]


async def nothing(_: object) -> None:
    """Do what a worker does where there is nothing to do."""


async def stored(tracing: Traced, inbox: Inbox, headers: Given) -> None:
    async def answer() -> PlainTextResponse:
        await inbox.store(BODY, "demo")
        return PlainTextResponse("stored")

    await tracing.received(answer, route="/alertmanager", carrier=headers)


async def test_a_notification_goes_on_in_the_worker_with_the_trace_that_alertmanager_began(
    tracing: Traced, redis: Redis, prefix: str, sent: Sent
):
    await stored(tracing, Inbox(redis, prefix, "web", SEAL, tracing=tracing), OF_ALERTMANAGER)
    worker = Inbox(redis, prefix, "worker", SEAL)
    (entry,) = await worker.stream.take_now()
    assert worker.opened(entry) == StoredNotification(BODY, "demo"), "also by a worker that does not trace"
    await tracing.taken(worker.stream.key, nothing)(entry)
    request, send, process = await sent()
    assert {each.trace for each in (request, send, process)} == {"0af7651916cd43dd8448eb211c80319c"}
    assert (request.parent, send.parent, process.parent) == ("b7ad6b7169203331", request.id, send.id)
    assert [(each.name, each.kind) for each in (request, send, process)] == [
        ("POST /alertmanager", "SERVER"),
        ("send inbox", "PRODUCER"),
        ("process inbox", "CONSUMER"),
    ]
    assert request.attributes["http.response.status_code"] == 200
    assert process.attributes["messaging.message.id"] == entry.id
    assert process.attributes["messaging.destination.name"] == f"{prefix}:inbox"
    assert request.service == "neumann-bot"


@pytest.mark.parametrize("field", [{}, {b"traceparent": b"\xff00-odd"}, {b"traceparent": b"00-0-0-01"}])
async def test_an_entry_from_before_or_of_somebody_else_begins_a_trace(
    tracing: Traced, sent: Sent, field: dict[bytes, bytes]
):
    await tracing.taken("inbox", nothing)(StreamEntry("1-0", field))
    (process,) = await sent()
    assert process.parent == ""


async def test_a_click_goes_on_with_the_trace_of_its_incident(
    tracing: Traced, redis: Redis, prefix: str, store: TimelineStore, sent: Sent
):
    await store.remember_handle("h4ndl3", "inc-1")
    contexts = TraceContexts(redis, prefix)
    await contexts.remember("inc-1", OF_ALERTMANAGER["traceparent"], keep_first=True)
    answer = partial(nothing, None)
    await tracing.received(answer, route=None, handle="h4ndl3")
    await tracing.received(answer, route=None, handle="unknown")
    click, other = await sent()
    assert (click.name, click.parent) == ("Socket Mode", "b7ad6b7169203331")
    assert click.attributes["neumann.incident.id"] == "inc-1"
    assert (other.parent, other.attributes) == ("", {})


async def test_a_turn_in_which_nothing_happens_is_not_told(tracing: Traced, world: Ports, sent: Sent):
    incident = await world.timelines.load("inc-1")
    told = Remarked(at=NOON, key="k", sentence="S3CR3T")

    async def append(_: str) -> None:
        await world.timelines.append(incident, told)

    await tracing.due("steps", nothing)("inc-1")
    await tracing.due("steps", append)("inc-1")
    turn, appended = await sent()
    assert (turn.name, appended.name) == ("process steps", "append noted")
    assert appended.parent == turn.id
    assert appended.attributes["neumann.timeline.events"] == ["noted"]
    assert "S3CR3T" not in str(appended)


async def test_of_what_fails_the_type_is_told_and_whoever_waits_for_slack_does_not_fail(
    tracing: Traced, sent: Sent
):
    async def fails(_: str) -> None:
        raise StoreDown("S3CR3T")

    async def waits(_: str) -> None:
        raise SlackDown(wait_s=1.0)

    for do, error in ((fails, StoreDown), (waits, SlackDown)):
        with pytest.raises(error):
            await tracing.due("views", do)("inc-1")
    (turn,) = await sent()
    assert turn.failed
    assert turn.attributes["error.type"] == "StoreDown"
    assert "S3CR3T" not in str(turn)


async def test_off_any_way_only_an_alert_that_opens_an_incident_is_told(
    tracing: Traced, world: Ports, redis: Redis, prefix: str, sent: Sent
):
    """Asking Alertmanager may find what no notification told."""
    incident = await world.timelines.load("inc-1")
    await world.timelines.append(incident, Remarked(at=NOON, key="k", sentence="s"))
    new = await world.timelines.load("inc-2")
    await world.timelines.append(new, opened())
    (appended,) = await sent()
    assert (appended.name, appended.parent) == ("append alerts_received", "")
    assert appended.attributes["neumann.alert.names"] == ["NoLeader"]
    followed = await TraceContexts(redis, prefix).of("inc-2")
    assert followed.startswith(f"00-{appended.trace}-{appended.id}-")


@pytest.fixture
async def world(tracing: Traced) -> Ports:
    """An open incident `inc-1`, its ports observed."""
    ports = World().ports
    await ports.timelines.append(await ports.timelines.load("inc-1"), opened())
    return tracing.observed(ports)


async def test_a_call_is_named_by_slacks_method_and_never_by_an_address_that_only_its_holder_may_know(
    tracing: Traced, sent: Sent
):
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=429)

    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def post(_: str) -> None:
        async with aiohttp.ClientSession(trace_configs=tracing.calls()) as session:
            for path in ("/api/chat.postMessage?token=S3CR3T", "/upload/v1/S3CR3T"):
                await session.post(address + path)

    await post("off any way")
    await tracing.due("views", post)("inc-1")
    await runner.cleanup()
    _, *calls = spans = await sent()
    assert [call.name for call in calls] == ["POST /api/chat.postMessage", "POST"]
    assert all(call.failed and call.attributes["error.type"] == "429" for call in calls)
    assert "S3CR3T" not in str(spans)
