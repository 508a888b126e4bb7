"""A new incident's thread says which past one it is like: once, after its findings, only where it is sure."""

from __future__ import annotations

from datetime import timedelta

from handlers import diagnosis, precedents
from handlers.domain.events import Event
from handlers.domain.history.likeness import PRECEDENT
from handlers.domain.incident import Incident
from tests.bot import incidents
from tests.builders import NOON, alert, diagnosed, opened
from tests.handlers.world import World

NEW = "inc-9"


def with_past(*stories: tuple[Event, ...]) -> World:
    """A world with past incidents, the newest last, and a new one that is to be read."""
    world = World()
    world.cluster.shows = incidents.quorum_loss()
    for number, events in enumerate(stories, start=1):
        when = NOON - timedelta(days=len(stories) - number + 1)
        world.timelines.events[f"inc-{number}"] = incidents.opened_at(when, events)
    world.timelines.past = tuple(f"inc-{number}" for number in range(1, len(stories) + 1))
    world.timelines.events[NEW] = [opened()]
    world.timelines.open["demo/leader-election"] = NEW
    return world


async def read(world: World) -> Incident:
    return await diagnosis.read_cluster(world.ports, await world.timelines.load(NEW))


def said(incident: Incident) -> list[str]:
    return [remark.sentence for key, remark in incident.remarks.items() if key == PRECEDENT]


async def test_the_newest_that_it_is_like_is_named_behind_the_findings() -> None:
    mended = incidents.mended(incidents.quorum_loss())
    world = with_past(mended, mended, incidents.mended(incidents.tight_timeouts()))
    incident = await read(world)
    (sentence,) = said(incident)
    assert sentence.startswith("Like inc-2 of 22 November: the same cause (Quorum loss)")
    assert world.kinds(NEW)[-3:] == ["evidence_read", "findings_ranked", "noted"]


async def test_where_none_is_alike_nothing_is_said() -> None:
    stopped = incidents.carried_out(incidents.quorum_loss(), "not_done", "It does not start.")
    for stories in ((), (incidents.false_alarm(),), (stopped,)):
        assert said(await read(with_past(*stories))) == []


async def test_it_is_looked_for_once_and_not_at_each_reading_of_the_same() -> None:
    world = with_past(incidents.mended(incidents.tight_timeouts()))
    await read(world)
    world.timelines.events["inc-2"] = incidents.opened_at(
        NOON - timedelta(hours=1), incidents.mended(incidents.quorum_loss())
    )
    world.timelines.past = ("inc-1", "inc-2")
    assert said(await read(world)) == []
    world.cluster.shows = incidents.tight_timeouts()
    (sentence,) = said(await read(world))
    assert "inc-1" in sentence, "the cause has become another"
    world.cluster.shows = incidents.quorum_loss()
    assert said(await read(world)) == [sentence], "once is enough"


async def test_what_came_soon_waits_for_the_late_answers() -> None:
    world = with_past(incidents.mended(incidents.quorum_loss()))
    partly = incidents.quorum_loss().model_copy(update={"complete": False})
    world.cluster.shows_first = (partly,)
    assert len(said(await read(world))) == 1
    assert world.kinds(NEW).index("noted") == len(world.kinds(NEW)) - 1


async def test_one_that_was_tampered_with_or_makes_no_sense_is_like_none() -> None:
    mended = incidents.mended(incidents.quorum_loss())
    world = with_past(mended, mended, mended[4:])
    world.timelines.tampered = {"inc-2"}
    (sentence,) = said(await read(world))
    assert "inc-1" in sentence


async def test_no_more_are_read_than_findings_may_wait_for() -> None:
    nothing = incidents.false_alarm()
    many = [nothing] * precedents.MAX_READ
    world = with_past(incidents.mended(incidents.quorum_loss()), *many)
    assert said(await read(world)) == []
    world = with_past(incidents.mended(incidents.quorum_loss()), *many)
    world.timelines.released["demo/leader-election"] = "inc-1"
    assert len(said(await read(world))) == 1, "the last of its kind is looked at in any case"


async def test_an_alert_that_comes_meanwhile_does_not_take_the_remark_away() -> None:
    world = with_past(incidents.mended(incidents.quorum_loss()))
    before = await world.timelines.load(NEW)
    world.timelines.events[NEW] += diagnosed(incidents.quorum_loss())
    incident = await world.timelines.load(NEW)
    world.timelines.before_append.append((NEW, opened(alert("ElectionStorm"))))
    after = await precedents.tell(world.ports, before, incident)
    assert len(said(after)) == 1
    assert "ElectionStorm" in {each.name for each in after.alerts.values()}
