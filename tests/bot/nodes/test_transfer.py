"""The bot has a real agent hand a real cluster's leadership on, and believes it once it is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot import clients
from bot.config import Settings
from bot.config import load as load_settings
from bot.nodes.agent_client import AgentClient
from handlers.ports import NotBegun, Order, Readiness
from lab.cluster.cluster import Lab
from runbooks.plans import Action
from tests.bot.conftest import WriteConfig
from tests.waiting import until

pytestmark = pytest.mark.process


@pytest_asyncio.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Timeouts so long that nobody stands of its own accord on a busy machine."""
    async with Lab(tmp_path_factory.mktemp("lab"), election_timeouts_ms=(2000, 3000)) as running:
        yield running


@pytest.fixture
def settings(write_config: WriteConfig) -> Settings:
    return load_settings(write_config())


@pytest.fixture
async def agents(settings: Settings) -> AsyncIterator[AgentClient]:
    async with clients.reader(settings) as (_, client):
        yield client


def order(node: str, to: str, generation: int) -> Order:
    return Order(
        cluster="demo",
        incident="inc-transfer",
        generation=generation,
        fence=generation,
        action=Action(type="transfer_leadership", node=node, to=to),
        confirmed_by="U0ALICE001",
        approved_by="U0BOB00001",
    )


async def test_a_node_that_does_not_lead_and_one_that_is_not_there_are_refused(
    agents: AgentClient, lab: Lab
) -> None:
    leader = await until(lab.leader)
    follower = next(node.name for node in lab.nodes if node.name != leader)
    not_leader = await agents.prepare(order(follower, leader, 1))
    assert isinstance(not_leader, NotBegun) and "only a leader" in not_leader.detail
    nobody = await agents.prepare(order(leader, "node9", 2))
    assert isinstance(nobody, NotBegun) and "is no other node of this cluster" in nobody.detail
    assert await lab.leader() == leader


async def test_a_leader_hands_on_and_is_seen_to_follow(agents: AgentClient, lab: Lab) -> None:
    leader = await until(lab.leader)
    to = next(node.name for node in lab.nodes if node.name != leader)
    wanted = order(leader, to, 3)
    readiness = await agents.prepare(wanted)
    assert isinstance(readiness, Readiness), readiness
    done = await agents.commit(wanted, readiness)
    assert (done.state, "and is a follower in term" in done.detail) == ("done", True), done.detail
    assert await until(lab.leader) == to
    assert await agents.status(wanted) == done


async def test_what_the_cluster_refuses_is_told_in_its_words(agents: AgentClient, lab: Lab) -> None:
    leader = await until(lab.leader)
    to = next(node.name for node in lab.nodes if node.name != leader)
    wanted = order(leader, to, 4)
    readiness = await agents.prepare(wanted)
    assert isinstance(readiness, Readiness), readiness
    await lab.kill(to)
    outcome = await agents.commit(wanted, readiness)
    assert outcome.state == "not_done", outcome.detail
    assert "timed out after 1000ms" in outcome.detail
    assert await lab.leader() == leader
    await lab.start_node(to)


async def test_the_agent_says_what_it_carries_out(agents: AgentClient, lab: Lab) -> None:
    seen = await agents.observe(lab.nodes[0].agent_url)
    assert seen.actions and "transfer_leadership" in (seen.actions.value or ())
