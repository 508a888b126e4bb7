"""Incidents by their ids, and one that is left alone: it holds up no other."""

from __future__ import annotations

import pytest

from handlers import commands
from handlers.alerting import intake
from handlers.commands.answers import Asked, History, IncidentList
from handlers.commands.arguments import resolve_incident
from handlers.domain.notification import Delivery
from tests.builders import ALICE, alert, opened
from tests.handlers.world import World

ASKED = Asked(ALICE)


async def two_open_one_tampered() -> World:
    world = World()
    world.cluster.clusters = ("demo", "eu")
    for cluster in ("demo", "eu"):
        await intake.receive(world.ports, Delivery((alert(cluster=cluster),)), None)
    world.timelines.tampered = {"inc-1"}
    return world


async def test_a_list_says_which_is_left_alone_and_shows_the_others() -> None:
    world = await two_open_one_tampered()
    listed = await commands.answer(world.ports, "incident list", ASKED)
    assert isinstance(listed, IncidentList)
    assert [incident.id for incident in listed.incidents] == ["inc-2"]
    assert listed.left_alone == ("The timeline of inc-1 is not as the bot wrote it.",)
    history = await commands.answer(world.ports, "election history eu", ASKED)
    assert isinstance(history, History)
    assert [incident.id for incident in history.incidents] == ["inc-2"]


async def test_a_closed_incident_that_was_tampered_with_keeps_no_alert_out() -> None:
    world = World()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.released["demo/leader-election"] = "inc-1"
    world.timelines.tampered = {"inc-1"}
    assert await intake.receive(world.ports, Delivery((alert(),)), None) == ("inc-2",)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("inc-7 the switch", ("inc-7-k3xqf", "the switch")),
        ("inc-7-k3xqf the switch", ("inc-7-k3xqf", "the switch")),
        ("inc-8 the switch", ("inc-8", "the switch")),
        ("inc-8-zzzzz", ("inc-8-zzzzz", "")),
        ("the switch", ("inc-7-k3xqf", "the switch")),
    ],
)
async def test_the_number_is_enough_to_name_an_open_incident(words: str, meant: tuple[str, str]) -> None:
    world = World()
    world.timelines.open["demo/leader-election"] = "inc-7-k3xqf"
    assert await resolve_incident(world.ports, Asked(ALICE, words)) == meant
