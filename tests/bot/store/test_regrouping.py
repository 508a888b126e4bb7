"""Two incidents of a cluster become one, or one becomes two, on a real Redis, whoever dies in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.store.incident_history import IncidentHistoryStore
from bot.store.timelines import TimelineStore
from handlers import advance, commands
from handlers.alerting import intake
from handlers.commands.answers import Asked, Said
from handlers.domain.alerts import Alert
from handlers.domain.events.regrouping import MergeAsked
from handlers.domain.incident import Incident
from handlers.domain.notification import Delivery
from handlers.ports import Ports
from tests.bot.conftest import CHAIN
from tests.builders import ALICE, alert, opened
from tests.handlers.story import quorum_lost
from tests.handlers.world import World

LAG, OTHER_LAG = (alert("HighReplicationLag", node=name) for name in ("node2", "node3"))
NO_LEADER, NODE_DOWN = alert("NoLeader"), alert("ElectionStorm", node="node2")


class DiedError(Exception):
    """The worker was killed."""


class Mortal:
    """A store whose worker is killed at its `dies_at`-th write, before it or just after."""

    def __init__(self, store: TimelineStore, dies_at: int, *, after: bool) -> None:
        self._store, self._left, self._after = store, dies_at, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in {"append", "pass_on", "vacate", "claim", "release", "reclaim"}:
            return method

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise DiedError
            answer = await method(*args, **kwargs)
            if self._left == 0:
                raise DiedError
            return answer

        return counted


@pytest.fixture
def world() -> World:
    """A cluster of which one of three nodes runs."""
    world = World()
    world.cluster.shows = quorum_lost()
    return world


@pytest.fixture
def ports(world: World, redis: Redis, prefix: str) -> Ports:
    """A worker's, on a real Redis."""
    store = TimelineStore(redis, prefix, CHAIN)
    return replace(world.ports, timelines=store, past=IncidentHistoryStore(redis, prefix))


async def arrive(ports: Ports, *alerts: Alert) -> str:
    """Deliver alerts; return the incident that changed."""
    (changed,) = await intake.receive(ports, Delivery(alerts), None)
    return changed


async def says(ports: Ports, text: str) -> str:
    answer = await commands.answer(ports, text, Asked(ALICE))
    assert isinstance(answer, Said)
    return answer.sentence


async def two(ports: Ports) -> tuple[str, str]:
    """A lag that came before anybody knew why, and the lost quorum that explains it."""
    return await arrive(ports, LAG), await arrive(ports, NO_LEADER, NODE_DOWN)


def over(each: Alert) -> Alert:
    return alert(each.name, status="resolved", minute=9, **_more(each))


def _more(each: Alert) -> dict[str, str]:
    return {name: value for name, value in each.labels.items() if name == "node"}


async def open_ones(ports: Ports) -> dict[str, set[str]]:
    """Of each open incident the alerts that fire."""
    loaded = [await ports.timelines.load(each) for each in await ports.timelines.open_incidents()]
    return {each.id: {a.fingerprint for a in each.firing} for each in loaded if not each.closed}


def kinds(incident_events: tuple[Any, ...]) -> list[str]:
    return [event.kind for event in incident_events]


async def test_two_threads_about_one_outage_become_one_and_later_alerts_go_there(ports: Ports) -> None:
    lag, quorum = await two(ports)
    said = await says(ports, f"incident merge {lag} into {quorum}")
    assert said == f"{lag} is being merged into {quorum}; its thread says when that is done."
    await advance.advance(ports, lag)

    merged = await ports.timelines.load(lag)
    assert merged.closed
    assert merged.closed.detail == f"Merged into {quorum} by alice."
    assert merged.regrouping.merged_into == quorum
    assert {NO_LEADER.fingerprint, NODE_DOWN.fingerprint, LAG.fingerprint} == (await open_ones(ports))[quorum]
    assert await arrive(ports, OTHER_LAG) == quorum, "another node's lag is the same outage too"
    assert await arrive(ports, over(LAG)) == quorum
    assert await open_ones(ports) == {
        quorum: {NO_LEADER.fingerprint, NODE_DOWN.fingerprint, OTHER_LAG.fingerprint}
    }


async def test_once_the_survivor_is_over_the_next_lag_is_an_incident_again(
    ports: Ports, world: World
) -> None:
    lag, quorum = await two(ports)
    await says(ports, f"incident merge {lag} into {quorum}")
    await advance.advance(ports, lag)
    await arrive(ports, *map(over, (LAG, NO_LEADER, NODE_DOWN)))
    world.cluster.leader = "node1"
    for _ in range(30):
        await advance.advance(ports, quorum)
        world.time.pass_s(5)
    assert (await ports.timelines.load(quorum)).closed
    assert await ports.timelines.open_incidents() == ()
    assert await arrive(ports, alert("HighReplicationLag", minute=30, node="node2")) not in (lag, quorum)


async def test_both_are_in_the_history_of_closed_incidents(ports: Ports) -> None:
    lag, quorum = await two(ports)
    await says(ports, f"incident merge {lag} into {quorum}")
    await advance.advance(ports, lag)
    assert await ports.past.released_within(60) == (lag,)


async def test_an_alert_that_is_something_else_gets_its_own_thread_and_keeps_it(ports: Ports) -> None:
    quorum = await arrive(ports, NO_LEADER, NODE_DOWN)
    said = await says(ports, f"incident split {quorum} ElectionStorm")
    assert said == f"ElectionStorm is being split off {quorum}; its thread says which incident it is then."
    await advance.advance(ports, quorum)

    left = await ports.timelines.load(quorum)
    own = left.regrouping.given_to(NODE_DOWN.fingerprint)
    assert own
    assert await open_ones(ports) == {quorum: {NO_LEADER.fingerprint}, own: {NODE_DOWN.fingerprint}}
    assert await arrive(ports, over(NODE_DOWN)) == own
    await advance.advance(ports, own)
    assert (await ports.timelines.load(own)).closed
    assert await open_ones(ports) == {quorum: {NO_LEADER.fingerprint}}


async def test_what_was_merged_by_mistake_is_split_off_with_its_runbook(ports: Ports) -> None:
    lag, quorum = await two(ports)
    await says(ports, f"incident merge {lag} into {quorum}")
    await advance.advance(ports, lag)
    await says(ports, f"incident split {quorum} HighReplicationLag node2")
    await advance.advance(ports, quorum)
    own = (await ports.timelines.load(quorum)).regrouping.given_to(LAG.fingerprint)
    assert own
    assert (await ports.timelines.load(own)).runbook == "replication-lag"
    assert await arrive(ports, OTHER_LAG) == own


@pytest.mark.parametrize("command", ["merge", "split"])
async def test_a_double_click_does_it_once(ports: Ports, command: str) -> None:
    lag, quorum = await two(ports)
    text, giver = {
        "merge": (f"incident merge {lag} into {quorum}", lag),
        "split": (f"incident split {quorum} ElectionStorm", quorum),
    }[command]
    first = await says(ports, text)
    assert await says(ports, text) == first
    await advance.advance(ports, giver)
    assert "already" in await says(ports, text)
    await advance.advance(ports, giver)
    told = kinds(await ports.timelines.timeline(giver))
    assert [told.count(each) for each in (f"{command}_asked", "alerts_given")] == [1, 1]


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
@pytest.mark.parametrize("dies_at", range(1, 7))
@pytest.mark.parametrize("command", ["merge", "split"])
async def test_whoever_goes_on_after_a_crash_leaves_the_same_incidents(
    ports: Ports, redis: Redis, prefix: str, command: str, dies_at: int, after: bool
) -> None:
    lag, quorum = await two(ports)
    await says(
        ports,
        f"incident {command} "
        + (f"{lag} into {quorum}" if command == "merge" else f"{quorum} ElectionStorm"),
    )
    giver = lag if command == "merge" else quorum
    store = TimelineStore(redis, prefix, CHAIN)
    mortal: Any = Mortal(store, dies_at, after=after)
    try:
        await advance.advance(replace(ports, timelines=mortal), giver)
    except DiedError:
        await arrive(ports, OTHER_LAG if command == "merge" else over(NODE_DOWN))
    for each in await ports.timelines.open_incidents():
        await advance.advance(ports, each)
    await advance.advance(ports, giver)

    events = await ports.timelines.timeline(giver)
    assert kinds(events).count("alerts_given") == 1
    given = next(event for event in events if event.kind == "alerts_given")
    taker = await ports.timelines.timeline(given.to)
    assert kinds(taker).count("alerts_taken") == 1
    everywhere = [each for alerts in (await open_ones(ports)).values() for each in alerts]
    assert sorted(everywhere) == sorted(set(everywhere)), "no alert fires in two incidents"
    if command == "merge":
        assert {LAG.fingerprint, NO_LEADER.fingerprint} <= set((await open_ones(ports))[quorum])
        assert giver not in await ports.timelines.open_incidents()
        assert giver in await ports.past.released_within(60)
        assert await arrive(ports, alert("HighReplicationLag", node="node1")) == quorum
    else:
        assert (await open_ones(ports))[quorum] == {NO_LEADER.fingerprint}


async def test_what_comes_while_it_is_merged_is_not_lost(ports: Ports, redis: Redis, prefix: str) -> None:
    """The notification is in the giver just before the last write of the merge."""
    lag, quorum = await two(ports)
    await says(ports, f"incident merge {lag} into {quorum}")
    store = TimelineStore(redis, prefix, CHAIN)

    class Late(Mortal):
        async def pass_on(self, *args: Any) -> None:
            await store.pass_on(*args)
            giver = await store.load(lag)
            again = opened(alert("HighReplicationLag", node="node1"), runbook="replication-lag")
            if giver.position < 4:
                await store.append(giver, again)

    mortal: Any = Late(store, 0, after=True)
    await advance.advance(replace(ports, timelines=mortal), lag)
    assert (await ports.timelines.load(lag)).closed
    assert alert("HighReplicationLag", node="node1").fingerprint in (await open_ones(ports))[quorum]


async def test_two_that_are_merged_into_each_other_leave_one(ports: Ports) -> None:
    lag, quorum = await two(ports)
    first, second = await ports.timelines.load(lag), await ports.timelines.load(quorum)
    for giver, into in ((first, second), (second, first)):
        asked = MergeAsked(at=ports.time.now(), by=ALICE, into=into.id)
        await ports.timelines.append(giver, asked)
    for each in (lag, quorum, lag):
        await advance.advance(ports, each)
    states: list[Incident] = [await ports.timelines.load(each) for each in (lag, quorum)]
    assert [bool(each.closed) for each in states].count(False) == 1
    assert sum(len(alerts) for alerts in (await open_ones(ports)).values()) == 3


async def test_where_the_other_closed_meanwhile_nothing_is_lost(ports: Ports) -> None:
    lag, quorum = await two(ports)
    await says(ports, f"incident merge {lag} into {quorum}")
    await arrive(ports, over(NO_LEADER), over(NODE_DOWN))
    await says(ports, f"incident resolve {quorum}")
    await advance.advance(ports, lag)
    assert await open_ones(ports) == {lag: {LAG.fingerprint}}
    assert "regrouping_given_up" in kinds(await ports.timelines.timeline(lag))
    assert await arrive(ports, OTHER_LAG) == lag
