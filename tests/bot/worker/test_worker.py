"""Any number of workers: what one leaves half done another finishes, and nothing is told twice."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bot import main as wiring
from bot import stores
from bot.config import Settings
from bot.slack.listeners.app_home import gather
from bot.store.mac_chain import Chain, MacLink
from bot.store.refusals import Refusals
from bot.store.timelines import TimelineStore
from bot.timing import Timing
from handlers.domain.events import EVENT, Event
from handlers.domain.events.base import EVENTS_VERSION, Person
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.events.triage import Assigned
from handlers.domain.incident import Incident, Stage
from handlers.errors import Moved, WrittenByNewer
from lab.cluster.cluster import Lab
from lab.slack import faults
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.web.serving import serve, talk
from tests.bot.worker.working import keys, shown, working
from tests.builders import NOON

pytestmark = pytest.mark.process

WEBHOOKS = Path(__file__).parents[2] / "data" / "webhooks"
FIRING = (WEBHOOKS / "noleader_firing.json").read_bytes()
RESOLVED = (WEBHOOKS / "noleader_resolved.json").read_bytes()

IMPATIENT = Timing(lease_s=1.0, after_failure_s=0.1, left_to_others_s=1.0)

Post = Callable[[bytes], Awaitable[None]]


async def post(settings: Settings, bot: wiring.Bot, body: bytes) -> None:
    token = settings.web.webhook_token.read().get_secret_value()
    async with serve(bot.web) as url, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{url}/alertmanager/demo", content=body, headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 200


async def test_an_alert_becomes_a_thread_with_findings_and_is_closed_when_it_resolves(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, FIRING)
        await post(settings, bot, FIRING)
        await becomes(lambda: shown(slack, "findings"))
        (incident_id,) = await store.open_incidents()
        await becomes(lambda: verified(store, incident_id))
        await post(settings, bot, RESOLVED)
        await becomes(lambda: shown(slack, "closed"))
        await becomes(lambda: drawn(redis, settings.redis.prefix))
    assert await store.open_incidents() == ()
    assert keys(slack) == ["headline", "findings", "verified", "closed"]


async def test_what_is_logged_on_the_way_says_of_which_incident_and_cluster(
    settings: Settings, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    slack.faults.fail("chat.postMessage", faults.SERVER_ERROR, status=500)
    with capture_logs(processors=[merge_contextvars]) as logs:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, FIRING)
            await becomes(lambda: logged(logs, "will_try_again"))
            (incident_id,) = await store.open_incidents()
    failed = [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert {(entry.get("incident"), entry.get("cluster")) for entry in failed} == {(incident_id, "demo")}
    (folded,) = [entry for entry in logs if entry["event"] == "notification_folded_in"]
    assert folded["cluster"] == "demo"


async def test_a_revoked_token_is_seen_from_outside_before_an_alert_needs_it(
    settings: Settings, slack: SlackWorkspaceServer, becomes: Becomes
) -> None:
    async with working(settings, IMPATIENT) as bot, serve(bot.web) as url, httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/readyz")).json() == {"ready": True}
        slack.faults.fail(faults.EVERY_METHOD, "token_revoked", times=None)
        await bot.scheduler.mark_ask_slack()

        async def told() -> bool:
            ready = await http.get(f"{url}/readyz")
            return ready.status_code == 200 and "(token_revoked)" in str(ready.json().get("troubles"))

        await becomes(told)
        assert (
            'neumann_bot_refused_for_seconds{kind="token_revoked",source="slack"} 0'
            not in (await http.get(f"{url}/metrics")).text
        )
        assert "(token_revoked)" in str((await gather(bot.ports, "U0ALICE001")).troubles)
        slack.faults.clear()
        await bot.scheduler.mark_ask_slack()

        async def well() -> bool:
            return bool((await http.get(f"{url}/readyz")).json() == {"ready": True})

        await becomes(well)


async def test_what_somebody_else_writes_into_the_inbox_opens_and_closes_nothing(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    quiet, ended = (each.replace(b"NoLeader", b"DiskFull") for each in (FIRING, RESOLVED))
    inbox = f"{settings.redis.prefix}:inbox"
    with capture_logs() as logs:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, quiet)
            await becomes(lambda: count_is(store, 1))
            forged = (ended, quiet.replace(b"DiskFull", b"Forged"))
            for body in forged:
                await redis.xadd(inbox, {"body": body, "cluster": "demo"})
            await redis.xadd(inbox, {"foo": "bar"})
            await becomes(lambda: is_empty(redis, inbox))
            await post(settings, bot, quiet.replace(b"DiskFull", b"Genuine"))
            await becomes(lambda: count_is(store, 2))
    incidents = [await store.load(each) for each in await store.open_incidents()]
    assert {each.runbook for each in incidents} == {"alert:DiskFull", "alert:Genuine"}
    assert sum(each["event"] == "notification_not_ours" for each in logs) == 3
    (noted,) = await Refusals(redis, settings.redis.prefix).all()
    assert (noted.source, noted.kind, noted.count) == ("redis", "inbox", 3)


async def test_what_one_worker_left_in_the_middle_of_a_step_another_finishes(
    settings: Settings, slack: SlackWorkspaceServer, lab: Lab, store: TimelineStore, becomes: Becomes
) -> None:
    for node in lab.nodes:
        lab.freeze(node.name)  # the reading takes as long as its deadline
    try:
        async with working(settings, IMPATIENT) as first:
            await post(settings, first, FIRING)
            await becomes(lambda: shown(slack, "headline"))
            (incident_id,) = await store.open_incidents()
            assert (await store.load(incident_id)).stage is Stage.OPENED, "it is being read"
    finally:
        for node in lab.nodes:
            lab.thaw(node.name)
    async with working(settings, IMPATIENT):
        await becomes(lambda: shown(slack, "findings"))
    assert keys(slack).count("headline") == keys(slack).count("findings") == 1


async def test_a_flurry_of_changes_is_few_edits_and_ends_with_the_newest(
    settings: Settings, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    def edited() -> float | None:
        return slack.workspace.messages[0].edited_monotonic_s

    async def newest() -> bool:
        return "person-29" in str(slack.workspace.messages[0])

    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, FIRING.replace(b"NoLeader", b"DiskFull"))
        await becomes(lambda: shown(slack, "headline"))
        (incident_id,) = await store.open_incidents()
        began, edits = time.monotonic(), {edited()}
        for number in range(30):
            to = Person(id=f"U{number}", name=f"person-{number}")
            incident = await store.load(incident_id)
            await store.append(incident, Assigned(at=datetime.now(UTC), by=to, to=to))
            edits.add(edited())
            await asyncio.sleep(0.01)
            edits.add(edited())
        took_s = time.monotonic() - began
        await becomes(newest)
    assert 2 <= len(edits) <= 3 + took_s / IMPATIENT.between_edits_s, "none, two at once, then one in a while"


async def test_two_workers_do_everything_once(
    settings: Settings, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    async with working(settings, IMPATIENT) as one, working(settings, IMPATIENT):
        for body in (FIRING, (WEBHOOKS / "grouped_two_firing.json").read_bytes(), FIRING):
            await post(settings, one, body)
        await becomes(lambda: shown(slack, "findings"))
        await becomes(lambda: count_is(store, 2))
        await becomes(lambda: shown_times(slack, "headline", 2))
    payloads = [(m.metadata or {}).get("event_payload") for m in slack.workspace.messages]
    told = [payload.values() for payload in payloads if payload]
    assert len({tuple(each) for each in told}) == len(told)


async def test_slack_being_away_delays_the_thread_and_nothing_else(
    settings: Settings, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    slack.faults.calls_to_fail = 1_000_000
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, FIRING)
        await becomes(lambda: count_is(store, 1))
        (incident_id,) = await store.open_incidents()
        await becomes(lambda: diagnosed(store, incident_id))
        assert slack.workspace.messages == []
        slack.faults.calls_to_fail = 0
        await becomes(lambda: shown(slack, "findings"))


async def test_where_slack_asks_to_wait_the_worker_waits_and_goes_on_with_the_rest(
    settings: Settings, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    slack.faults.fail("chat.postMessage", faults.RATE_LIMITED, retry_after_s=3)
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, FIRING)
        await becomes(lambda: refused(slack))
        refused_s = time.monotonic()
        await becomes(lambda: count_is(store, 1))
        (incident_id,) = await store.open_incidents()
        await becomes(lambda: diagnosed(store, incident_id))
        await becomes(lambda: shown(slack, "findings"))
    headline = slack.workspace.messages[0]
    assert headline.received_monotonic_s - refused_s > 2.5
    assert keys(slack)[:2] == ["headline", "findings"]


async def test_a_notification_that_cannot_be_read_holds_up_no_other(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, becomes: Becomes
) -> None:
    prefix = settings.redis.prefix
    async with working(settings, IMPATIENT) as bot:
        await redis.xadd(f"{prefix}:inbox", {"body": b"{}", "cluster": ""})
        await post(settings, bot, FIRING)
        await becomes(lambda: shown(slack, "headline"))
        await becomes(lambda: redis.xlen(f"{prefix}:dead"))


async def test_a_late_resolved_opens_nothing(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, becomes: Becomes
) -> None:
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, RESOLVED)
        await becomes(lambda: is_empty(redis, f"{settings.redis.prefix}:inbox"))
        await bot.scheduler.mark_open_incidents()
        await becomes(lambda: is_drawn(redis, f"{settings.redis.prefix}:due:views"))
    assert slack.workspace.messages == []


async def test_a_connection_that_breaks_after_a_post_is_not_a_second_post(
    settings: Settings, slack: SlackWorkspaceServer, parts: AsyncExitStack, becomes: Becomes
) -> None:
    broken = 0

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal broken
        answer = await _passed_on(reader, slack.url)
        if b"chat.postMessage" in answer.request and broken < 1:
            broken += 1
            writer.transport.abort()
            return
        writer.write(answer.reply)
        await writer.drain()

    url = await parts.enter_async_context(talk(forward, with_head=True))
    nearby = settings.slack.model_copy(update={"api_url": f"{url}/api/"})
    async with working(settings.model_copy(update={"slack": nearby}), IMPATIENT) as bot:
        await post(settings, bot, FIRING)
        await becomes(lambda: shown(slack, "findings"))
    assert broken == 1
    assert keys(slack).count("headline") == 1


async def test_a_timeline_that_was_tampered_with_is_told_once_and_holds_up_no_other(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, store: TimelineStore, becomes: Becomes
) -> None:
    timeline, due = f"{settings.redis.prefix}:timeline", f"{settings.redis.prefix}:due"
    with capture_logs() as logs:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, FIRING)
            await becomes(lambda: shown(slack, "findings"))
            (touched,) = await store.open_incidents()
            await redis.xdel(f"{timeline}:{touched}", "0-1")
        async with working(settings, IMPATIENT) as bot:
            for _ in range(3):
                await bot.scheduler.mark_open_incidents()
                await becomes(lambda: rests(redis, f"{due}:steps", touched))
                await becomes(lambda: rests(redis, f"{due}:views", touched))
            await post(settings, bot, RESOLVED)
            await post(settings, bot, FIRING.replace(b"NoLeader", b"DiskFull"))
            await becomes(lambda: count_is(store, 2))
            await becomes(lambda: shown_times(slack, "headline", 2))
            assert await redis.xlen(f"{settings.redis.prefix}:inbox") == 1, "what concerns it is kept"
    told = [entry["error"] for entry in logs if entry["event"] == "timeline_tampered"]
    assert len(told) == 1
    assert f"{touched} is not as the bot wrote it: event 1 is missing" in told[0]
    assert "closed" not in keys(slack)
    (said,) = [message for message in slack.workspace.messages if told[0] in str(message.blocks)]
    headline = next(message for message in slack.workspace.messages if touched in str(message.metadata))
    assert said.thread_ts == headline.ts, "and once in its thread"


async def test_an_older_replica_leaves_what_a_newer_one_wrote_to_that_and_goes_on_with_the_rest(
    settings: Settings,
    redis: Redis,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    with capture_logs() as logs:
        async with working(settings, IMPATIENT) as older:
            await post(settings, older, FIRING)
            await becomes(lambda: shown(slack, "findings"))
            (theirs,) = await store.open_incidents()
            await written_by_newer(store, theirs)
            await post(settings, older, FIRING.replace(b"NoLeader", b"DiskFull"))
            await becomes(lambda: shown_times(slack, "headline", 2))
            await becomes(lambda: logged(logs, "timeline_of_a_newer_version"))
            assert "newer" not in keys(slack), "a replica of that version is about to come"
            length = await redis.xlen(f"{settings.redis.prefix}:timeline:{theirs}")
            await post(settings, older, RESOLVED)
            home = await gather(older.ports, "U0ALICE001")
            assert [sentence.split(" (")[0] for sentence in home.left_alone] == [
                f"A newer version of the bot has written to {theirs}"
            ]
            assert [incident.runbook for incident in home.open] == ["alert:DiskFull"]
        assert sum(entry["event"] == "timeline_of_a_newer_version" for entry in logs) == 1
        # Nobody newer comes: the upgrade was taken back, and people must know.
        async with working(settings, replace(IMPATIENT, newer_comes_within_s=0.0)) as older:
            await older.scheduler.mark_open_incidents()
            await becomes(lambda: shown(slack, "newer"))
            assert await redis.xlen(f"{settings.redis.prefix}:timeline:{theirs}") == length
    assert keys(slack).count("newer") == 1


async def test_replicas_are_upgraded_one_after_the_other_and_everything_is_done_once(
    settings: Settings,
    redis: Redis,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = NewerStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    with capture_logs() as logs:
        async with working(settings, IMPATIENT) as older:
            await post(settings, older, FIRING)
            await becomes(lambda: shown(slack, "findings"))
            (incident_id,) = await store.open_incidents()
            monkeypatch.setattr(stores, "TimelineStore", NewerStore)
            async with working(settings, IMPATIENT) as newer:
                await written_by_newer(newest, incident_id)
                await post(settings, newer, FIRING.replace(b"NoLeader", b"DiskFull"))
                await becomes(lambda: verified(newest, incident_id))
                await post(settings, older, RESOLVED)
                await becomes(lambda: shown(slack, "closed"))
                await becomes(lambda: shown_times(slack, "headline", 2))
                with pytest.raises(WrittenByNewer):
                    await older.ports.timelines.load(incident_id)
                await older.worker.drain(10)
                await becomes(lambda: is_empty(redis, f"{settings.redis.prefix}:inbox"))
    # Of the alert that no runbook covers: a headline, and in time that others are open and what was read.
    once = {"closed": 1, "verified": 1, "headline": 2}
    seen = Counter(keys(slack))
    assert seen["findings"] and seen["note-1"]
    assert {key: seen[key] for key in once} == once
    told = [entry["error"] for entry in logs if entry["event"] == "timeline_of_a_newer_version"]
    assert len(told) == len(set(told)), "once, where the older one met it at all"
    assert not [entry for entry in logs if entry["event"] == "step_failed"]


async def test_a_worker_that_is_asked_to_end_finishes_what_it_holds_and_takes_no_more(
    settings: Settings,
    redis: Redis,
    slack: SlackWorkspaceServer,
    lab: Lab,
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    for node in lab.nodes:
        lab.freeze(node.name)  # the reading takes as long as its deadline
    try:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, FIRING)
            await becomes(lambda: shown(slack, "headline"))
            (incident_id,) = await store.open_incidents()
            assert (await store.load(incident_id)).stage is Stage.OPENED, "it is being read"
            ends = asyncio.create_task(bot.worker.drain(15.0))
            await post(settings, bot, FIRING.replace(b"NoLeader", b"DiskFull"))
            await ends
    finally:
        for node in lab.nodes:
            lab.thaw(node.name)
    assert (await store.load(incident_id)).diagnosis, "the step was done"
    assert len(await store.open_incidents()) == 1, "what came meanwhile is another's"
    assert await redis.xlen(f"{settings.redis.prefix}:inbox") == 1
    for queue in ("steps", "views"):
        assert not await redis.exists(f"{settings.redis.prefix}:leases:{queue}")


async def test_a_worker_that_is_ended_lets_go_of_what_it_holds(
    settings: Settings, redis: Redis, slack: SlackWorkspaceServer, lab: Lab, becomes: Becomes
) -> None:
    for node in lab.nodes:
        lab.freeze(node.name)
    try:
        async with working(settings, IMPATIENT) as bot:
            await post(settings, bot, FIRING)
            await becomes(lambda: shown(slack, "headline"))
        assert not await redis.exists(f"{settings.redis.prefix}:leases:steps"), "nobody waits for a lease"
        assert await redis.zcard(f"{settings.redis.prefix}:due:steps") == 1
    finally:
        for node in lab.nodes:
            lab.thaw(node.name)


async def written_by_newer(store: TimelineStore, incident_id: str) -> None:
    """Append what only a newer version writes, whatever else is appended meanwhile."""
    newer = Remarked(at=NOON, key="newer", sentence="From a newer version.").model_copy(
        update={"version": 99}
    )
    while True:
        try:
            await store.append(await store.load(incident_id), newer)
        except Moved:
            continue
        return


class NewerStore(TimelineStore):
    """The store of a later version of the bot, whose events an earlier one cannot read."""

    async def append(self, incident: Incident, *events: Event) -> Incident:
        return await super().append(incident, *(each.model_copy(update={"version": 99}) for each in events))

    def _read(self, _: str, link: MacLink) -> Event:
        return EVENT.validate_python(json.loads(link.event) | {"version": EVENTS_VERSION})


async def logged(logs: list[MutableMapping[str, Any]], event: str) -> bool:
    return any(entry["event"] == event for entry in logs)


class _Exchange:
    def __init__(self, request: bytes, reply: bytes) -> None:
        self.request, self.reply = request, reply


async def _passed_on(reader: asyncio.StreamReader, url: str) -> _Exchange:
    """One request, passed on as it came, and the workspace's answer to it."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
    host = url.removeprefix("http://").encode()
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:"))]
    lines[1:1] = [b"Host: " + host, b"Connection: close"]
    name, port = host.decode().split(":")
    back, out = await asyncio.open_connection(name, int(port))
    out.write(b"\r\n".join(lines) + body)
    reply = await back.read()
    out.close()
    return _Exchange(head, reply)


async def drawn(redis: Redis, prefix: str) -> bool:
    return not await redis.exists(f"{prefix}:unshown")


async def refused(slack: SlackWorkspaceServer) -> bool:
    return slack.faults.active == []


async def shown_times(slack: SlackWorkspaceServer, key: str, times: int) -> bool:
    return keys(slack).count(key) >= times


async def verified(store: TimelineStore, incident_id: str) -> bool:
    return (await store.load(incident_id)).verified is not None


async def diagnosed(store: TimelineStore, incident_id: str) -> Incident | None:
    incident = await store.load(incident_id)
    return incident if incident.diagnosis else None


async def count_is(store: TimelineStore, count: int) -> bool:
    return len(await store.open_incidents()) == count


async def rests(redis: Redis, due: str, incident_id: str) -> bool:
    return await redis.zscore(due, incident_id) is None


async def is_drawn(redis: Redis, views: str) -> bool:
    return not await redis.exists(views)


async def is_empty(redis: Redis, stream: str) -> bool:
    return await redis.xlen(stream) == 0
