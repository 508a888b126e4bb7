"""Whatever the order and the repeats, an alert fires in the end if its newest start is after its last end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.alerting import intake
from handlers.domain.alerts import Alert
from handlers.domain.events.lifecycle import Closed
from handlers.domain.notification import Delivery
from tests.builders import NOON, alert
from tests.handlers.world import World

NAMES = ("NoLeader", "NodeDown", "ElectionStorm", "RootDiskFull")


def firing(name: str, start_s: int) -> Alert:
    return alert(name).model_copy(update={"starts_at": NOON + timedelta(seconds=start_s)})


def resolved(name: str, start_s: int, end_s: int) -> Alert:
    over = {"status": "resolved", "ends_at": NOON + timedelta(seconds=end_s)}
    return firing(name, start_s).model_copy(update=over)


@st.composite
def stories(draw: st.DrawFn) -> list[Alert]:
    """What Alertmanager sends of a few alerts that come and go, the last of them perhaps still firing."""
    told = []
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        spans = draw(st.lists(st.integers(1, 400), min_size=1, max_size=6))
        at_s = 0
        for number, span in enumerate(spans):
            start_s, at_s = at_s, at_s + span
            told.append(
                firing(name, start_s)
                if number % 2 == 0
                else resolved(name, start_s - spans[number - 1], start_s)
            )
        if len(spans) % 2 == 0:
            told.append(resolved(name, at_s - spans[-1], at_s))
    return told


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Alert], list[Alert]]:
    """A story, and the same in any order with repeats."""
    told = draw(stories())
    repeats = draw(st.lists(st.sampled_from(told), max_size=len(told)))
    return told, draw(st.permutations([*told, *repeats]))


def should_fire(told: Sequence[Alert]) -> set[str]:
    starts = {each.name: max(a.starts_at for a in told if a.name == each.name) for each in told}
    ends = {
        each.name: each.ends_at for each in sorted(told, key=lambda a: a.ends_at) if each.status == "resolved"
    }
    return {name for name, start in starts.items() if name not in ends or start > ends[name]}


async def does_fire(world: World) -> set[str]:
    incidents = [await world.timelines.load(each) for each in world.timelines.open.values()]
    return {each.name for incident in incidents for each in incident.firing if not incident.closed}


async def close_what_is_over(world: World) -> None:
    for incident_id in tuple(world.timelines.open.values()):
        incident = await world.timelines.load(incident_id)
        if incident.opened_at and not incident.firing:
            await world.timelines.append(incident, Closed(at=world.time.now(), detail="over"))
            await world.timelines.release(incident.identity, incident.id)


@given(deliveries(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("closes", [True, False], ids=["closed as soon as it is over", "left open"])
async def test_the_newest_start_and_end_decide(
    closes: bool, told_and_sent: tuple[list[Alert], list[Alert]], random: Random
) -> None:
    told, sent = told_and_sent
    world = World()
    while sent:
        together = random.randint(1, 3)
        group, sent = sent[:together], sent[together:]
        await intake.receive(world.ports, Delivery(tuple(group)), None)
        if closes and random.random() < 0.7:
            await close_what_is_over(world)
    assert await does_fire(world) == should_fire(told)
