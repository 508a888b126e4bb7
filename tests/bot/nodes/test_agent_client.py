"""The bot orders an action of a real agent: prepare, commit, and the ledger's word for it ever after."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest

from bot import clients, grant_keys
from bot.config import Cluster, Node, Settings
from bot.config import load as load_settings
from bot.nodes import agent_client, tls
from bot.nodes.agent_client import AgentClient
from bot.secret_files import SecretFile
from handlers.errors import ConfigurationError
from handlers.ports import NotBegun, Obstacle, Order, Outcome, Readiness
from lab.cluster.cluster import Lab
from runbooks.plans import Action
from tests.bot.conftest import Becomes, WriteConfig
from tests.bot.web.serving import hang, page, talk

pytestmark = pytest.mark.process


@pytest.fixture
def settings(write_config: WriteConfig) -> Settings:
    return load_settings(write_config())


@pytest.fixture
async def agents(settings: Settings) -> AsyncIterator[AgentClient]:
    async with clients.reader(settings) as (_, client):
        yield client


def order(action: str = "start_service", node: str = "node3", generation: int = 4) -> Order:
    return Order(
        cluster="demo",
        incident="inc-1",
        generation=generation,
        fence=generation,
        action=Action.model_validate({"type": action, "node": node}),
        confirmed_by="U0ALICE001",
    )


async def ready(agents: AgentClient, wanted: Order) -> Readiness:
    answer = await agents.prepare(wanted)
    assert isinstance(answer, Readiness), answer
    return answer


def test_an_action_is_named_by_what_it_is(agents: AgentClient) -> None:
    name = agents.action_id(order())
    assert re.fullmatch("[0-9a-f]{64}", name)
    assert agents.action_id(order()) == name
    assert agents.action_id(replace(order(), confirmed_by="U0BOB00001")) == name, "not by who asked"
    others = [
        order("restart_service"),
        order(node="node1"),
        order(generation=5),
        replace(order(), incident="inc-2"),
    ]
    assert len({name, *map(agents.action_id, others)}) == 5


async def test_a_stopped_node_is_started_once_however_often_it_is_ordered(
    agents: AgentClient, lab: Lab, becomes: Becomes
) -> None:
    await lab.stop_node("node3")
    wanted = order()
    assert await agents.status(wanted) is None, "the ledger has never seen it"
    readiness = await ready(agents, wanted)
    assert await agents.status(wanted) is None, "what was only prepared has not begun"

    done = await agents.commit(wanted, readiness)
    assert done.state == "done", done.detail
    assert lab.is_running("node3")

    started_at = lab.services["node3"].started_monotonic_us
    assert (await agents.commit(wanted, readiness)).state != "not_done"
    again = await agents.prepare(wanted)
    assert isinstance(again, NotBegun)
    assert (again.by, "already" in again.detail) == (Obstacle.NODE, True)
    assert await agents.status(wanted) == done, "the ledger's word stays"
    assert lab.services["node3"].started_monotonic_us == started_at, "nothing was started twice"
    await becomes(lab.leader)


async def test_a_grant_that_is_late_is_void_once_the_bot_has_withdrawn_it(
    agents: AgentClient, lab: Lab, becomes: Becomes
) -> None:
    await lab.stop_node("node2")
    wanted = order(node="node2", generation=21)
    readiness = await ready(agents, wanted)
    assert await agents.withdraw(wanted) == Outcome("rejected", "Withdrawn before it was begun.")
    assert (await agents.commit(wanted, readiness)).state == "rejected"
    assert not lab.is_running("node2")
    await lab.start_node("node2")
    await becomes(lab.leader)


async def test_a_precondition_that_does_not_hold_is_refused_with_the_nodes_reason(
    agents: AgentClient,
) -> None:
    outcome = await agents.prepare(order(node="node1", generation=7))
    assert isinstance(outcome, NotBegun)
    assert outcome.by is Obstacle.NODE
    assert outcome.detail.startswith("The agent refuses: ")


async def test_a_grant_for_another_nonce_is_refused(agents: AgentClient, lab: Lab, becomes: Becomes) -> None:
    await lab.stop_node("node2")
    try:
        wanted = order(node="node2", generation=8)
        readiness = await ready(agents, wanted)
        outcome = await agents.commit(wanted, replace(readiness, nonce="made-up"))
        assert (outcome.state, lab.is_running("node2")) == ("rejected", False)
    finally:
        await lab.start_node("node2")
        await becomes(lab.leader)


async def test_a_grant_signed_by_another_key_is_refused(
    settings: Settings, lab: Lab, tmp_path: object, becomes: Becomes, parts: AsyncExitStack
) -> None:
    foreign = settings.clusters[0].model_copy(update={"name": "foreign"})
    await lab.stop_node("node2")
    try:
        async with clients.reader(settings.model_copy(update={"clusters": (foreign,)})) as (_, agents):
            wanted = replace(order(node="node2", generation=9), cluster="foreign")
            outcome = await agents.commit(wanted, await ready(agents, wanted))
        assert (outcome.state, lab.is_running("node2")) == ("rejected", False), (
            "an agent obeys for its cluster"
        )
    finally:
        await lab.start_node("node2")
        await becomes(lab.leader)


async def elsewhere(parts: AsyncExitStack, settings: Settings, url: str) -> AgentClient:
    """A client that finds this address where node3's agent should be."""
    node = Node(name="node3", metrics_url="http://127.0.0.1:1", agent_url=url)
    moved = settings.model_copy(update={"clusters": (Cluster(name="demo", nodes=(node,)),)})
    _, client = await parts.enter_async_context(clients.reader(moved))
    return client


async def test_an_agent_that_is_not_there_has_not_begun_anything(
    settings: Settings, parts: AsyncExitStack
) -> None:
    agents = await elsewhere(parts, settings, "https://127.0.0.1:1")
    outcome = await agents.prepare(order())
    assert isinstance(outcome, NotBegun)
    assert outcome.by is Obstacle.NO_ANSWER
    assert outcome.detail.startswith("Nothing was begun: the agent cannot be reached")


async def test_an_agent_lost_at_the_commit_is_unknown_and_never_done(
    settings: Settings, parts: AsyncExitStack, agents: AgentClient, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_client, "ASK_AGAIN_FOR_S", 1.0)
    await lab.stop_node("node3")
    readiness = await ready(agents, order(generation=11))
    lost = await elsewhere(parts, settings, "https://127.0.0.1:1")
    outcome = await lost.commit(order(generation=11), readiness)
    assert (outcome.state, "look at node3" in outcome.detail) == ("unknown", True)
    await lab.start_node("node3")


async def test_a_program_that_is_no_agent_is_not_obeyed(settings: Settings, parts: AsyncExitStack) -> None:
    url = await parts.enter_async_context(talk(page("<h1>hello</h1>", "text/html")))
    outcome = await (await elsewhere(parts, settings, url)).prepare(order())
    assert outcome == NotBegun(
        Obstacle.NO_ANSWER, "Nothing was begun: the agent answered 200 and nothing this bot understands"
    )


async def test_who_shows_no_certificate_of_the_authority_is_not_let_in(
    settings: Settings, lab: Lab, parts: AsyncExitStack
) -> None:
    node = lab.node("node1")
    plain = await elsewhere(parts, settings, f"http://{node.agent}")
    outcome = await plain.prepare(order())
    assert isinstance(outcome, NotBegun)
    assert outcome.by is Obstacle.NO_ANSWER


async def test_asking_about_a_lost_answer_ends_in_time(
    settings: Settings, parts: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_client, "ASK_AGAIN_FOR_S", 2.0)
    monkeypatch.setattr(clients, "AGENT_TIMEOUT", httpx.Timeout(2.0))
    url = await parts.enter_async_context(talk(hang))
    agents = await elsewhere(parts, settings, url)
    started = time.monotonic()
    outcome = await agents.status(order())
    assert outcome
    assert outcome.state == "unknown"
    assert time.monotonic() - started < 2.0 + 2.0 + 1.0


@pytest.mark.parametrize("seed", ["not base64!", "c2hvcnQ=", "é"], ids=["text", "short", "no ASCII"])
async def test_a_grant_key_that_is_none_is_named(tmp_path_factory: pytest.TempPathFactory, seed: str) -> None:
    file = tmp_path_factory.mktemp("key") / "grant.key"
    file.touch(0o600)
    file.write_text(seed)
    with pytest.raises(ConfigurationError, match=r"grant\.key holds no Ed25519 seed"):
        grant_keys.grant_key(SecretFile(file=file))


async def test_certificate_files_that_cannot_be_used_are_named(settings: Settings) -> None:
    agents = settings.agents.model_copy(update={"certificate": settings.agents.grant_key.file})
    with pytest.raises(ConfigurationError, match="certificate files cannot be used"):
        tls.tls_context(agents)


async def test_an_action_that_was_given_up_is_closed_at_its_node_before_it_was_ever_asked_for(
    agents: AgentClient, lab: Lab, becomes: Becomes
) -> None:
    await lab.stop_node("node2")
    given_up = order(node="node2", generation=31)
    assert await agents.void([given_up]) == frozenset()
    refused = await agents.prepare(given_up)
    assert isinstance(refused, NotBegun) and refused.by is Obstacle.NODE
    assert not lab.is_running("node2")
    await lab.start_node("node2")
    await becomes(lab.leader)


async def test_a_node_whose_agent_does_not_answer_is_named_when_an_action_is_given_up(
    settings: Settings, parts: AsyncExitStack
) -> None:
    agents = await elsewhere(parts, settings, "https://127.0.0.1:1")
    assert await agents.void([order()]) == {"node3"}


async def test_a_node_keeps_how_far_the_timeline_had_come_and_takes_no_older_one(
    agents: AgentClient, lab: Lab, becomes: Becomes
) -> None:
    await lab.stop_node("node2")
    wanted = replace(order(node="node2", generation=41), incident="inc-long", position=12, mac="aa" * 32)
    assert (await agents.commit(wanted, await ready(agents, wanted))).state == "done"
    kept = await agents.timeline("demo", "node2", "inc-long")
    assert kept and (kept.position, kept.mac) == (12, "aa" * 32)
    assert await agents.timeline("demo", "node1", "inc-long") is None
    await becomes(lab.leader)

    await lab.stop_node("node2")
    cut = replace(wanted, generation=42, fence=42, position=8, mac="bb" * 32)
    deadline = time.monotonic() + 20
    while not isinstance(readiness := await agents.prepare(cut), Readiness):
        assert time.monotonic() < deadline, readiness.detail  # one start a second is the agent's limit
    outcome = await agents.commit(cut, readiness)
    assert (outcome.state, "put back" in outcome.detail) == ("rejected", True)
    assert not lab.is_running("node2")
    await lab.start_node("node2")
    await becomes(lab.leader)
