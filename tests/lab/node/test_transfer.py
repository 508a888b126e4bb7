"""A lab's `neumann raft transfer-leadership` does what Neumann documents, refusals included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from lab.cluster.cluster import Lab
from lab.cluster.node_view import LabNode
from lab.node.condition import SOUND, write_condition
from tests.waiting import until

pytestmark = pytest.mark.process

RunCommand = Callable[..., Awaitable[tuple[int, str]]]
VERB = ("raft", "transfer-leadership", "--to")


@pytest_asyncio.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Timeouts so long that nobody stands of its own accord on a busy machine."""
    async with Lab(tmp_path_factory.mktemp("lab"), election_timeouts_ms=(2000, 3000)) as running:
        yield running


async def leader_and_follower(lab: Lab) -> tuple[LabNode, LabNode]:
    leader = lab.node(await until(lab.leader))
    return leader, next(node for node in lab.nodes if node is not leader)


async def later_than(lab: Lab, term: int) -> bool:
    return max(await lab.claims(), default=(0, ""))[0] > term


async def test_the_follower_that_is_named_leads_the_next_term(lab: Lab, run_command: RunCommand):
    leader, follower = await leader_and_follower(lab)
    term = max(await lab.claims())[0]
    code, said = await run_command(leader, "neumann", *VERB, follower.name)
    assert (code, said) == (0, f"Leadership transferred to {follower.name}\n")
    await until(lab.leader)
    assert max(await lab.claims()) == (term + 1, follower.name)


async def test_whoever_does_not_lead_refuses(lab: Lab, run_command: RunCommand):
    leader, follower = await leader_and_follower(lab)
    assert await run_command(follower, "neumann", *VERB, leader.name) == (1, "Error: not leader\n")
    assert await lab.leader() == leader.name


async def test_nobody_takes_over_who_is_not_there(lab: Lab, run_command: RunCommand):
    leader, follower = await leader_and_follower(lab)
    assert await run_command(leader, "neumann", *VERB, "node9") == (1, "Error: peer not found: node9\n")
    await lab.kill(follower.name)
    code, said = await run_command(leader, "neumann", *VERB, follower.name)
    assert (code, said) == (1, f"Error: leadership transfer to {follower.name} timed out after 1000ms\n")
    assert await lab.leader() == leader.name
    await lab.start_node(follower.name)


async def test_a_transfer_may_lose_its_election(lab: Lab, run_command: RunCommand):
    """TimeoutNow makes a node stand without asking anybody: nobody leads that term."""
    leader, follower = await leader_and_follower(lab)
    term = max(await lab.claims())[0]
    write_condition(follower.folder, replace(SOUND, stands_unheard=True))
    code, _ = await run_command(leader, "neumann", *VERB, follower.name)
    write_condition(follower.folder, SOUND)
    assert code == 1
    await until(lambda: later_than(lab, term + 1))


async def test_no_other_command_is_known(lab: Lab, run_command: RunCommand):
    node = lab.nodes[0]
    for words in (
        (),
        ("raft", "status"),
        ("raft", "transfer-leadership"),
        ("cluster", "remove", "--force", "node2"),
    ):
        code, said = await run_command(node, "neumann", *words)
        assert (code, "unexpected argument" in said) == (2, True)
