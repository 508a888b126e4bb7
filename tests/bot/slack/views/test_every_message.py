"""Whatever a cluster reads like, Slack takes every message, modal and page that the bot makes of it."""

from __future__ import annotations

from random import Random

import pytest

from bot.slack.views.findings import is_brief
from bot.slack.views.render import render
from handlers.domain.fold import fold
from lab.scenarios import Scenario, generate
from lab.scenarios import compounds as two_faults
from lab.scenarios import network_faults as network
from lab.scenarios import node_faults as nodes
from lab.scenarios import process_faults as processes
from lab.scenarios.readings import read as read_world
from lab.scenarios.world import World, new_world
from lab.slack.limit_table import ALL_BLOCK_TEXT, MESSAGE_BLOCKS
from lab.slack.limits import SlackRefusalError, texts
from runbooks import leader_election
from runbooks.evidence import Evidence
from tests.bot.slack.views.everything import check_everything, opening

SEED = 1
SHARE = 200
LARGE = 51


def refused(scenarios: list[Scenario]) -> list[str]:
    """What Slack would not take, by the scenario's name."""
    found = []
    for scenario in scenarios:
        try:
            assert check_everything(Evidence.model_validate(scenario.evidence)) > 10
        except SlackRefusalError as error:
            found.append(f"{scenario.name}: {error.error} {error.messages}")
    return found


@pytest.mark.process
def test_slack_takes_everything_of_a_third_of_the_scenarios() -> None:
    drawn = Random(SEED).sample(list(generate(SEED)), SHARE)
    assert {scenario.family for scenario in drawn} == {
        "single",
        "compound",
        "missing",
        "lying",
        "threshold",
        "negative",
    }
    assert refused(drawn) == []


@pytest.mark.exhaustive
def test_slack_takes_everything_of_every_scenario() -> None:
    assert refused(list(generate(SEED))) == []


def two_faults_at_once(number: int) -> World:
    """51 nodes, and the pair of faults of this number."""
    world = new_world(Random(number), LARGE)
    lost, recipe = world.pick(world.too_many), two_faults.COMPOUNDS[number]
    for fault in (recipe.first(world, lost[:13]), recipe.second(world, lost[13:])):
        fault.inject(world)
    return world


def eight_faults_at_once() -> World:
    """51 nodes, and whatever can be wrong with them."""
    world = new_world(Random(SEED), LARGE)
    names = world.pick(40)
    for fault in (
        processes.quorum_loss(world, names[:8]),
        processes.crash_loop(world, names[8:14]),
        processes.process_hung(world, names[14:20]),
        nodes.storage_full(world, names[20:26]),
        nodes.peer_list_wrong(world, names[26:30]),
        nodes.tls_failure(world),
        nodes.clock_skew(world),
        network.packet_loss(world),
    ):
        fault.inject(world)
    return world


IN_EVERY_RUN = (0,)
PAIRS = [
    pytest.param(number, marks=[] if number in IN_EVERY_RUN else [pytest.mark.exhaustive])
    for number in range(len(two_faults.COMPOUNDS))
]


@pytest.mark.parametrize("number", PAIRS)
def test_of_51_nodes_with_two_faults_the_thread_has_room_for_what_matters(number: int) -> None:
    has_room(Evidence.model_validate(read_world(two_faults_at_once(number))))


def test_of_51_nodes_with_eight_faults_too() -> None:
    has_room(Evidence.model_validate(read_world(eight_faults_at_once())))


def has_room(read: Evidence) -> None:
    """What matters is in the message, the rest in a file."""
    assert len(read.nodes) == LARGE
    diagnosis = leader_election.diagnose(read)
    check_everything(read, diagnosis)
    assert is_brief(diagnosis, read)
    messages = render(fold("inc-7", opening(read, diagnosis)))
    (findings,) = [message for message in messages if message.key == "findings"]
    text = "\n".join(texts(list(findings.blocks)))
    assert len(text) < ALL_BLOCK_TEXT - 1_000, "an edit with buttons or a refusal must still fit"
    assert len(findings.blocks) < MESSAGE_BLOCKS / 2
    assert "Everything that was read is a file in this thread" in text
    assert "(cut)" not in text
