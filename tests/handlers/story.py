"""The beginning of every story about a remedy: a diagnosed incident, a click, a confirmed plan."""

from __future__ import annotations

from handlers import advance
from handlers.authorization import Click, Submission
from handlers.domain.events.base import Person
from handlers.domain.events.remediation import PlanProposed
from handlers.domain.incident import Incident, Stage
from handlers.domain.run import Run
from handlers.ports import Place
from handlers.remediation import propose
from runbooks.evidence import Evidence
from tests.builders import ALICE, candidates, dead, diagnosed, evidence, node, opened
from tests.handlers.world import World

PLACE = Place(app="A1", team="T1", channel="C1", message_ts="1.0")


def quorum_lost() -> Evidence:
    """One of three runs; two may be started."""
    return evidence(node("node1"), dead("node2"), dead("node3"))


def too_slow() -> Evidence:
    """All three run, and no vote can be back in time."""
    return evidence(*candidates(rtt_ms=400.0))


async def diagnosed_world(read: Evidence | None = None) -> World:
    """A world with an open, diagnosed incident `inc-1`."""
    world = World()
    world.cluster.shows = read or quorum_lost()
    world.timelines.events["inc-1"] = [opened(), *diagnosed(world.cluster.shows)]
    world.timelines.open["demo/leader-election"] = "inc-1"
    for offer in (await world.timelines.load("inc-1")).offers:
        world.timelines.handles[offer.handle] = "inc-1"
    return world


def click(handle: str = "start_nodes", by: Person = ALICE) -> Click:
    """A click on a button of the incident's own message."""
    return Click(handle=handle, by=by, place=PLACE)


async def proposed(world: World, handle: str = "start_nodes", by: Person = ALICE) -> PlanProposed:
    """The plan that a click on this button shows."""
    return (await propose.propose(world.ports, click(handle, by)))[1]


def submitted(handle: str, by: Person = ALICE) -> Submission:
    """The modal of a plan, submitted by whom it was shown to."""
    return Submission(handle=handle, by=by, app="A1", team="T1", shown=handle)


async def confirmed(world: World, handle: str = "start_nodes", *, silence_minutes: int = 0) -> Incident:
    """The incident after that plan was confirmed."""
    plan = await proposed(world, handle)
    return await propose.confirm(world.ports, submitted(plan.handle), silence_minutes=silence_minutes)


async def newest_run(world: World) -> Run:
    """The newest run of the incident."""
    return (await world.timelines.load("inc-1")).runs[-1]


async def rests(world: World) -> Incident:
    """The incident once it waits for somebody, with the time that passes until then."""
    for _ in range(240):
        incident, due = await advance.advance(world.ports, "inc-1")
        if due is None or (incident.diagnosis and incident.stage in (Stage.DIAGNOSED, Stage.RECOVERED)):
            return incident
        world.time.pass_s(15)
    return incident
