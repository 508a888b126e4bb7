"""Pictures come into the thread when there is something to see, and once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.delivery.attachments import ThreadAttachments, due, marks_of, samples_of, samples_of_series
from bot.slack.delivery.thread_sync import SlackThread
from bot.store.timelines import TimelineStore
from handlers.domain.alert_sources import Sample as Value
from handlers.domain.alert_sources import Series
from handlers.domain.incident import Incident
from handlers.errors import SlackDown
from lab.slack import faults
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from runbooks.evidence import Role
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.incidents import LATER, incident
from tests.builders import NOON, diagnosed, evidence, opened

ID = "inc-7"


@pytest.fixture
async def thread(slack_client: AsyncWebClient, redis: Redis, prefix: str) -> AsyncIterator[SlackThread]:
    yield SlackThread(slack_client, redis, prefix, lambda _: INCIDENTS)


def test_a_healthy_cluster_needs_no_picture_and_a_broken_one_shows_its_links() -> None:
    assert list(due(incident(opened()))) == []
    assert list(due(incident(opened(), *diagnosed(evidence())))) == []
    assert list(due(incident(opened(), *diagnosed(incidents.quorum_loss())))) == ["links"]
    assert list(due(incident(*incidents.healed()))) == ["links", "elections"]


def test_a_reading_that_is_not_complete_is_not_drawn() -> None:
    part = incidents.quorum_loss().model_copy(update={"complete": False})
    assert list(due(incident(opened(), *diagnosed(part)))) == []


def test_the_bots_own_readings_and_what_happened_make_the_timeline() -> None:
    events = incidents.healed()
    assert {(sample.node, sample.term) for sample in samples_of(events)} >= {("node1", 7), ("node2", None)}
    assert [(mark.kind, mark.words) for mark in marks_of(events)][:2] == [
        ("alert", "alert NoLeader"),
        ("plan", "alice confirmed"),
    ]


def test_who_was_seen_to_lead_is_in_the_picture_though_nobody_read_the_whole_cluster_again() -> None:
    last = [sample for sample in samples_of(incidents.healed()) if sample.node == "node1"][-1]
    assert (last.role, last.term) == (Role.LEADER, 9)


def test_prometheus_series_are_named_by_their_node_or_else_their_host() -> None:
    elections = Series({"instance": "node2:9090"}, (Value(NOON, 3.0),))
    terms = Series({"node": "node1"}, (Value(LATER, 8.0),))
    samples = list(samples_of_series([elections], [terms]))
    assert [(sample.node, sample.elections, sample.term) for sample in samples] == [
        ("node2", 3, None),
        ("node1", None, 8),
    ]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_picture_for_which_slack_asks_to_wait_comes_later(
    thread: SlackThread,
    store: TimelineStore,
    slack: SlackWorkspaceServer,
    slack_client: AsyncWebClient,
    redis: Redis,
    prefix: str,
    alice: Person,
    method: str,
) -> None:
    shown = incident(opened(), *diagnosed(incidents.quorum_loss()))
    await thread.sync(shown)
    pictures = ThreadAttachments(slack_client, redis, prefix, thread, store, prometheus=None)
    slack.faults.fail(method, faults.RATE_LIMITED, retry_after_s=7)
    with pytest.raises(SlackDown, match="Slack asks to wait") as told:
        await pictures.sync(shown)
    assert told.value.wait_s == 7.0
    await pictures.sync(shown)
    await pictures.sync(shown)
    files = [file for message in await alice.messages() for file in message.get("files", [])]
    assert [file["name"] for file in files] == ["inc-7-links.png"]


async def test_each_picture_is_put_into_the_thread_once_with_words_for_who_does_not_see_it(
    thread: SlackThread,
    store: TimelineStore,
    slack: SlackWorkspaceServer,
    slack_client: AsyncWebClient,
    redis: Redis,
    prefix: str,
    alice: Person,
) -> None:
    shown = await store.append(Incident(id=ID), *incidents.healed())
    await thread.sync(shown)
    pictures = ThreadAttachments(slack_client, redis, prefix, thread, store, prometheus=None)
    for _ in range(2):
        await pictures.sync(shown)
    files = [file for message in await alice.messages() for file in message.get("files", [])]
    assert [file["name"] for file in files] == ["inc-7-links.png", "inc-7-elections.png"]
    assert all(file["alt_txt"] for file in files)
    assert all(message["thread_ts"] for message in await alice.messages() if message.get("files"))


async def test_what_no_message_can_hold_is_a_file_once_for_each_judgement(
    thread: SlackThread,
    store: TimelineStore,
    slack: SlackWorkspaceServer,
    slack_client: AsyncWebClient,
    redis: Redis,
    prefix: str,
    alice: Person,
) -> None:
    large = incidents.with_many_nodes(20)
    pictures = ThreadAttachments(slack_client, redis, prefix, thread, store, prometheus=None)
    shown = await store.append(Incident(id=ID), opened(), *diagnosed(large["most dead"]))
    await thread.sync(shown)
    for read in (large["most dead"], large["most dead"], large["all silent"]):
        shown = await store.append(shown, *diagnosed(read))
        await pictures.sync(shown)
    files = [file for message in await alice.messages() for file in message.get("files", [])]
    words = [file for file in files if file["name"].startswith("inc-7-reading-")]
    assert [file["title"] for file in words] == ["Everything that was read"] * 2
    content = [slack.workspace.files.find(file["id"]).content for file in words]
    assert b"node20" in (content[0] or b"")
    assert content[0] != content[1]


def test_what_prometheus_calls_a_number_and_is_none_is_left_out_of_the_picture() -> None:
    values = tuple(Value(NOON, value) for value in (1.0, float("nan"), float("inf"), 1.7e308, -1.7e308, 2.0))
    series = Series({"node": "node1"}, values)
    assert [sample.term for sample in samples_of_series((), [series])] == [1, 2]
