"""A switch takes six clusters at once: one message lists them, on a real Redis, whoever dies in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from bot.store.incident_history import IncidentHistoryStore
from bot.store.timelines import TimelineStore
from handlers import triage, wide_outage
from handlers.alerting import intake
from handlers.domain.events.lifecycle import Closed
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery
from handlers.domain.wide_outage.members import OutageRule
from handlers.ports import Ports
from lab.slack.plain_text import plain_text
from lab.slack.workspace import Message
from tests.bot.conftest import CHAIN
from tests.bot.slack.delivery.rig import Rig, key
from tests.builders import ALICE, alert
from tests.handlers.world import Clock, World

CLUSTERS = tuple(f"c{number}" for number in range(1, 7))
RULE = OutageRule()


def read(message: Message) -> str:
    """What a message shows."""
    return plain_text({"text": message.text, "blocks": message.blocks, "attachments": message.attachments})


@dataclass
class Bot:
    """A worker that looks and draws, each time as a process that has just begun."""

    at: Rig
    ports: Ports

    async def gets(self, cluster: str, labels: dict[str, str] | None = None) -> None:
        firing = alert("NoLeader", cluster=cluster)
        labelled = firing.model_copy(update={"labels": {**firing.labels, **(labels or {})}})
        await intake.receive(self.ports, Delivery((labelled,)), None)

    async def looks(self, *, draws: bool = True) -> None:
        await wide_outage.watch(replace(self.ports, threads=self.at.replica()), RULE)
        if draws:
            await self.draws()

    async def draws(self) -> None:
        await self.at.settle(*await self.incidents())

    async def incidents(self) -> list[Incident]:
        known = dict.fromkeys(
            (*await self.ports.timelines.open_incidents(), *await self.ports.past.released_within(3600))
        )
        return [await self.ports.timelines.load(each) for each in known]

    async def closes(self, *incidents: Incident) -> None:
        for each in incidents:
            over = Closed(at=self.ports.time.now(), detail="It is over.")
            await self.ports.timelines.append(await self.ports.timelines.load(each.id), over)
            await self.ports.timelines.release(each.identity, each.id)

    def lists(self) -> list[str]:
        """What the messages that list incidents say."""
        return [read(each) for each in self.at.messages if key(each) == "wide-outage"]


@pytest.fixture
async def bot(at: Rig, redis: Redis, prefix: str) -> AsyncIterator[Bot]:
    """Six configured clusters, whose incidents open now."""
    world = World(time=Clock(datetime.now(UTC)))
    world.cluster.clusters = CLUSTERS
    store, past = TimelineStore(redis, prefix, CHAIN), IncidentHistoryStore(redis, prefix)
    yield Bot(at, replace(world.ports, timelines=store, past=past))


async def test_one_message_lists_the_incidents_and_what_they_have_in_common(bot: Bot) -> None:
    for number, cluster in enumerate(CLUSTERS):
        await bot.gets(cluster, {"switch": "sw-12", "zone": "eu-1", "rack": str(number)})
    await bot.draws()
    full = [read(each) for each in bot.at.headlines]
    for _ in range(3):
        await bot.looks()
    (listed,) = bot.lists()
    assert "6 clusters at once. 6 of 6 incidents open." in listed
    assert "Look first at what all of their alerts share: switch=sw-12 and zone=eu-1." in listed
    assert all(f"{cluster}: <http" in listed for cluster in CLUSTERS)
    short = [read(each) for each in bot.at.headlines]
    assert all("part of an outage of many clusters" in each for each in short)
    assert all(len(after) < len(before) for after, before in zip(short, full, strict=True))


async def test_it_is_over_once_each_incident_is_closed(bot: Bot) -> None:
    for cluster in CLUSTERS:
        await bot.gets(cluster)
    await bot.draws()
    for _ in range(3):
        await bot.looks()
    first, *rest = await bot.incidents()
    await bot.closes(first)
    await bot.looks()
    assert "5 of 6 incidents open" in bot.lists()[0]
    await bot.closes(*rest)
    await bot.looks()
    (listed,) = bot.lists()
    assert "6 clusters at once. All 6 incidents are closed." in listed
    assert "share no label" in listed
    before = dict(bot.at.calls)
    await bot.looks()
    assert bot.at.calls["chat.update"] == before["chat.update"], "then nothing more is said"


async def test_whoever_dies_before_it_is_posted_leaves_it_to_the_next_and_there_is_one(bot: Bot) -> None:
    for cluster in CLUSTERS[:5]:
        await bot.gets(cluster)
    await bot.looks(draws=False)
    await bot.gets(CLUSTERS[5])
    await bot.looks(draws=False)
    await bot.draws()
    await bot.looks()
    await bot.draws()
    assert len(bot.lists()) == 1
    assert "6 of 6 incidents open" in bot.lists()[0]


async def six_clusters_listed(bot: Bot) -> None:
    for cluster in CLUSTERS:
        await bot.gets(cluster)
    await bot.draws()
    for _ in range(3):
        await bot.looks()


async def test_one_that_is_opened_again_after_all_were_closed_is_open_in_the_list(bot: Bot) -> None:
    await six_clusters_listed(bot)
    incidents = await bot.incidents()
    await bot.closes(*incidents)
    await bot.looks()
    assert "All 6 incidents are closed" in bot.lists()[0]
    await triage.reopen(bot.ports, incidents[2].id, ALICE)
    await bot.looks()
    (listed,) = bot.lists()
    assert "1 of 6 incidents open" in listed


async def test_where_somebody_deletes_the_list_the_headlines_lead_to_the_new_one(bot: Bot) -> None:
    await six_clusters_listed(bot)
    (deleted,) = [each for each in bot.at.messages if key(each) == "wide-outage"]
    bot.at.slack.workspace.delete(deleted)
    closed, *others = await bot.incidents()
    await bot.closes(closed)
    for _ in range(2):
        await bot.looks()
    (posted,) = [each for each in bot.at.messages if key(each) == "wide-outage"]
    shown = [read(each) for each in bot.at.headlines if any(other.id in read(each) for other in others)]
    assert len(shown) == 5
    assert all(posted.ts.replace(".", "") in each for each in shown)
    assert not any(deleted.ts.replace(".", "") in each for each in shown)


class LongOver(IncidentHistoryStore):
    """A history whose closes are further back than the watch looks."""

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        return ()


async def test_there_is_one_list_though_slack_was_away_until_its_first_incident_was_long_over(
    bot: Bot, redis: Redis, prefix: str
) -> None:
    for cluster in CLUSTERS:
        await bot.gets(cluster)
    for _ in range(2):
        await bot.looks(draws=False)
    members = await bot.incidents()
    await bot.closes(*(each for each in members if each.wide_outage.seen))
    bot.ports = replace(bot.ports, past=LongOver(redis, prefix))
    for _ in range(3):
        await bot.at.settle(*[await bot.ports.timelines.load(each.id) for each in members])
        await bot.looks()
    (listed,) = bot.lists()
    assert "5 of 6 incidents open" in listed


async def test_four_clusters_are_four_incidents(bot: Bot) -> None:
    for cluster in CLUSTERS[:4]:
        await bot.gets(cluster)
    await bot.draws()
    await bot.looks()
    assert bot.lists() == []
