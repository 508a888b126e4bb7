"""`/neumann …`: what works, and what is said where it does not."""

import pytest

from handlers import commands
from handlers.commands.answers import Asked, ElectionStatus, Help
from handlers.errors import Refused
from tests.builders import ALICE
from tests.handlers.world import World

ALICE_ASKS = Asked(ALICE)


async def test_election_status_reads_the_cluster_live() -> None:
    world = World()
    answer = await commands.answer(world.ports, "election status demo", ALICE_ASKS)
    assert isinstance(answer, ElectionStatus)
    assert answer.diagnosis.leadership.leader == "node1"
    assert world.cluster.reads == 1


async def test_one_cluster_needs_no_name_and_spaces_do_not_matter() -> None:
    assert isinstance(
        await commands.answer(World().ports, "  election   status ", ALICE_ASKS), ElectionStatus
    )


async def test_several_clusters_need_a_name() -> None:
    world = World()
    world.cluster.clusters = ("demo", "eu")
    with pytest.raises(Refused, match=r"Which cluster\? Configured: demo, eu\."):
        await commands.answer(world.ports, "election status", ALICE_ASKS)


async def test_a_mistyped_cluster_gets_the_nearest_one() -> None:
    with pytest.raises(Refused, match="Did you mean demo"):
        await commands.answer(World().ports, "election status demmo", ALICE_ASKS)


async def test_a_mistyped_command_gets_the_nearest_one() -> None:
    with pytest.raises(Refused, match="did you mean `/neumann election status`"):
        await commands.answer(World().ports, "electoin staus", ALICE_ASKS)


async def test_nonsense_is_sent_to_help() -> None:
    with pytest.raises(Refused, match="/neumann help"):
        await commands.answer(World().ports, "xyzzy", ALICE_ASKS)


@pytest.mark.parametrize("text", ["help", ""])
async def test_help_lists_every_command_and_cluster(text: str) -> None:
    answer = await commands.answer(World().ports, text, ALICE_ASKS)
    assert isinstance(answer, Help)
    assert answer.commands == commands.COMMANDS
    assert answer.clusters == ("demo",)
