"""A judgement that raises ends as "undetermined" and is told; no step is repeated for ever because of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handlers import advance
from handlers.domain.incident import Incident
from handlers.domain.undetermined import NOT_JUDGED
from handlers.errors import EventTooLarge, Refused
from handlers.remediation import propose
from runbooks.evidence import Evidence
from runbooks.model import Verdict
from tests.broken_runbook import broken
from tests.builders import evidence
from tests.handlers.story import click, confirmed, diagnosed_world, quorum_lost, submitted
from tests.handlers.world import Timelines, World


def told(incident: Incident) -> str:
    return " ".join(remark.sentence for remark in incident.remarks.values())


async def later(world: World) -> Incident:
    """The incident after its findings have become old, and it was looked at again."""
    world.time.pass_s(120)
    return (await advance.advance(world.ports, "inc-1")).incident


async def test_row_12_a_diagnosis_that_raises_is_undetermined_and_offers_nothing() -> None:
    world = await diagnosed_world()
    with broken("diagnose"):
        incident = await later(world)
        assert incident.diagnosis is not None
        assert (incident.diagnosis.top.cause, incident.diagnosis.top.verdict) == (
            NOT_JUDGED,
            Verdict.UNDETERMINED,
        )
        assert incident.offers == ()
        assert "Undetermined: the diagnosis failed (KeyError)." in told(incident)
        assert "a word that" not in told(incident)
        assert len((await later(world)).remarks) == len(incident.remarks), "it is told once"
    assert [offer.remedy.name for offer in (await later(world)).offers] == ["start_nodes"]


async def test_row_12_a_look_that_raises_proves_no_recovery_and_loses_one() -> None:
    world = await diagnosed_world()
    world.cluster.leader = "node1"
    led = (await advance.advance(world.ports, "inc-1")).incident
    assert led.recovering
    with broken("is_recovered"):
        world.time.pass_s(600)
        incident, due_at = await advance.advance(world.ports, "inc-1")
    assert (incident.verified, incident.recovering) == (None, None)
    assert "Undetermined: whether the cluster is well failed (KeyError)." in told(incident)
    assert due_at is not None


async def test_row_12_a_plan_that_raises_is_refused_with_the_reason() -> None:
    world = await diagnosed_world()
    with broken("plan"), pytest.raises(Refused, match=r"^Undetermined: the plan failed \(KeyError\)"):
        await propose.propose(world.ports, click())


async def test_row_12_a_next_step_that_raises_is_told_and_rests() -> None:
    world = await diagnosed_world()
    with broken("RECOVERY_NEEDS"):
        incident, due_at = await advance.advance(world.ports, "inc-1")
        events = len(world.kinds())
        assert due_at == world.time.now() + timedelta(seconds=advance.UNDETERMINED_AGAIN_AFTER_S)
        assert "Undetermined: the next step failed (KeyError)." in told(incident)
        await advance.advance(world.ports, "inc-1")
    assert len(world.kinds()) == events, "it is told once"


async def test_row_12_while_nobody_can_say_what_is_next_a_run_ends_and_its_actions_are_void(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await diagnosed_world(quorum_lost())
    await confirmed(world)

    def raises(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr(advance, "next_step", raises)
    incident = (await advance.advance(world.ports, "inc-1")).incident
    assert incident.running is None
    assert incident.runs[-1].ended is not None
    assert incident.runs[-1].ended.detail.startswith("Undetermined: the next step failed (KeyError).")
    assert world.agents.effects == []
    assert {outcome.state for outcome in world.agents.ledger.values()} == {"rejected"}


async def test_row_12_a_plan_is_not_confirmed_while_nobody_can_say_whether_it_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await diagnosed_world()
    plan = (await propose.propose(world.ports, click()))[1]

    def raises(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr("handlers.remediation.preconditions.why_void", raises)
    with pytest.raises(Refused, match="Undetermined: whether the plan still holds failed"):
        await propose.confirm(world.ports, submitted(plan.handle))
    assert "plan_confirmed" not in world.kinds()


class Tight(Timelines):
    """Timelines that take no evidence with a value in it."""

    async def append(self, incident: Incident, *events: Any) -> Incident:
        for event in events:
            if isinstance(read := getattr(event, "evidence", None), Evidence) and any(
                node.metrics.value for node in read.nodes
            ):
                raise EventTooLarge
        return await super().append(incident, *events)


async def test_row_12_a_reading_too_large_to_be_kept_is_told_and_not_tried_for_ever() -> None:
    world = await diagnosed_world()
    world.timelines = Tight(world.timelines.events, world.timelines.open)
    world.cluster.shows = evidence()
    incident = await later(world)
    assert incident.evidence is not None
    assert {node.metrics.missing for node in incident.evidence.nodes} == {str(EventTooLarge())}
    assert "Undetermined: the keeping of what was read failed (EventTooLarge)." in told(incident)
