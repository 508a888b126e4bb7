"""A second runbook is a room and a row: from its alert to its own proof, nothing outside it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from handlers import advance
from handlers.alerting import intake
from handlers.domain.events.recovery import RecoveryVerified
from handlers.domain.incident import Incident, Stage
from handlers.domain.notification import read_notification
from handlers.remediation import propose
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.model import (
    Cause,
    Diagnosis,
    Finding,
    Recovery,
    RecoveryNeeds,
    Remedy,
    RemedyKind,
    Runbook,
    Verdict,
)
from runbooks.planning.node_check import leadership
from runbooks.plans import Action, Binding, Plan, PlanStep
from tests.builders import ALICE, dead, evidence, node
from tests.handlers.story import click, submitted
from tests.handlers.world import World

RECORDED = Path(__file__).parents[1] / "data" / "webhooks"
STOPPED = Cause("service_stopped", title="Service stopped", sentence="{nodes} stopped")
START = RemedyKind(
    "start_services",
    button="Start it",
    title="Start it",
    risk="None.",
    undo="Stop it.",
    check="Still stopped.",
)


def stopped(read: Evidence) -> tuple[str, ...]:
    return tuple(n.node for n in read.nodes if n.service.value and n.service.value.state != "active")


def diagnose(read: Evidence) -> Diagnosis:
    names = stopped(read)
    remedy = Remedy(
        name=START.name,
        nodes=names,
        actions=tuple(Action(type="start_service", node=name) for name in names),
        offered=bool(names),
        reason="It is stopped.",
    )
    finding = Finding(
        cause=STOPPED.word,
        verdict=Verdict.CONFIRMED if names else Verdict.RULED_OUT,
        nodes=names,
        remedies=(remedy,),
    )
    return Diagnosis(
        can_elect="yes",
        can_elect_reason="it is not about that",
        leadership=leadership(read),
        summary=f"{len(names)} services are stopped.",
        findings=(finding,),
    )


def plan(remedy: Remedy, read: Evidence) -> Plan:
    return Plan(
        remedy=remedy.name,
        title=START.title,
        steps=tuple(PlanStep(action=a, shown="systemctl start", effect="runs") for a in remedy.actions),
        bound=Binding(evidence_at=read.started_at, leader=None, term=None, config_sha256={}, boot_ids={}),
        risk=START.risk,
        checks_before=(START.check,),
        watch_after="All run.",
        undo=START.undo,
        stable_s=5.0,
    )


def is_recovered(read: Evidence) -> Recovery:
    well = not stopped(read)
    return Recovery(is_recovered=well, sign="all run" if well else "", sentence="all services run")


NEEDS: RecoveryNeeds = "everything"
CAUSES: Mapping[str, Cause] = {STOPPED.word: STOPPED}
REMEDIES: Mapping[str, RemedyKind] = {START.name: START}
ROOM = cast(
    "Runbook",
    SimpleNamespace(
        NAME="service-stopped",
        TITLE="A service is stopped",
        URL="https://example.org/service-stopped",
        ALERTS=frozenset({"ServiceStopped"}),
        CAUSES=CAUSES,
        REMEDIES=REMEDIES,
        AIM="service",
        RECOVERY_NEEDS=NEEDS,
        hand_off=lambda _: None,
        diagnose=diagnose,
        plan=plan,
        is_recovered=is_recovered,
    ),
)


@contextmanager
def world_with_it() -> Iterator[World]:
    """A world with a second runbook in the table, and a node whose service is stopped."""
    RUNBOOKS[ROOM.NAME] = ROOM
    world = World()
    world.cluster.leader = "node1"
    world.cluster.shows = evidence(node("node1"), node("node2"), dead("node3"))
    try:
        yield world
    finally:
        del RUNBOOKS[ROOM.NAME]


@pytest.fixture
def world() -> Iterator[World]:
    with world_with_it() as world:
        yield world


async def arrives(world: World, status: str) -> None:
    """Deliver the recorded notification, as if it were of this alert."""
    document = json.loads((RECORDED / f"noleader_{status}.json").read_bytes())
    document["alerts"][0]["labels"]["alertname"] = "ServiceStopped"
    await intake.receive(world.ports, read_notification(json.dumps(document).encode()), "demo")


async def goes_on(world: World) -> Incident:
    """Take steps, and let time pass between them, until the incident rests or an hour is over."""
    for _ in range(240):
        incident, due = await advance.advance(world.ports, "inc-1")
        if due is None:
            return incident
        if incident.diagnosis and incident.stage in (Stage.DIAGNOSED, Stage.RECOVERED):
            return incident
        world.time.pass_s(15)
    return incident


async def mended(world: World) -> Incident:
    """Play it from the alert to the proof that all is well."""
    await arrives(world, "firing")
    (offer,) = (await goes_on(world)).offers
    _, shown = await propose.propose(world.ports, click(offer.handle))
    await propose.confirm(world.ports, submitted(shown.handle, ALICE))
    return await goes_on(world)


async def test_its_alert_is_diagnosed(world: World) -> None:
    await arrives(world, "firing")
    found = await goes_on(world)
    assert (found.runbook, found.diagnosis and found.diagnosis.top.cause) == (ROOM.NAME, STOPPED.word)


async def test_its_remedy_is_carried_out_and_proven_by_its_own_test(world: World) -> None:
    incident = await mended(world)
    assert incident.stage is Stage.RECOVERED, world.kinds()
    assert isinstance(incident.verified, RecoveryVerified)
    assert incident.verified.sentence == "all services run"


async def test_it_closes_when_nothing_fires(world: World) -> None:
    await mended(world)
    await arrives(world, "resolved")
    closed = (await goes_on(world)).closed
    assert closed is not None
    assert closed.detail == "all services run, and no alert fires any more."
