"""A ledger that was put back to an older state is noticed, and nothing is done there until it is paired."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from agent.protocol import LedgerMark
from bot import clients
from bot.config import Settings
from bot.config import load as load_settings
from bot.nodes.agent_client import AgentClient
from bot.store.ledger_marks import LedgerMarks
from handlers.errors import StoreDown
from handlers.ports import NotBegun, Obstacle, Order, Readiness
from lab.cluster.cluster import Lab
from runbooks.plans import Action
from tests.bot.conftest import WriteConfig

pytestmark = pytest.mark.process


def order(generation: int) -> Order:
    return Order(
        cluster="demo",
        incident="inc-1",
        generation=generation,
        fence=generation,
        action=Action(type="start_service", node="node3"),
        confirmed_by="U0ALICE001",
    )


@asynccontextmanager
async def replica(settings: Settings, redis: Redis, prefix: str):
    async with clients.reader(settings, LedgerMarks(redis, prefix)) as (_, agents):
        yield agents


async def prepares(agents: AgentClient, generation: int) -> Readiness:
    readiness = await agents.prepare(order(generation))
    assert isinstance(readiness, Readiness), readiness
    return readiness


async def with_ledger_of(lab: Lab, snapshot: Path | None) -> None:
    """Put another ledger folder in the place of node3's, as restoring the machine's image does."""
    agent, folder = lab.agents["node3"], lab.node("node3").folder / "agent"
    await agent.stop()
    shutil.rmtree(folder)
    if snapshot:
        shutil.copytree(snapshot, folder)
    else:
        folder.mkdir(mode=0o700)
    await agent.start()
    await agent.until_listening(lab.node("node3").agent)


@pytest.fixture
async def stopped(lab: Lab):
    await lab.stop_node("node3")
    yield
    await lab.start_node("node3")


async def test_row_20_nothing_is_prepared_on_a_ledger_that_went_back(
    write_config: WriteConfig, lab: Lab, redis: Redis, prefix: str, tmp_path: Path, stopped: None
) -> None:
    settings = load_settings(write_config())
    async with replica(settings, redis, prefix) as agents:
        await prepares(agents, 1)
        await lab.agents["node3"].stop()
        snapshot = tmp_path / "snapshot"
        shutil.copytree(lab.node("node3").folder / "agent", snapshot)
        await with_ledger_of(lab, snapshot)
        readiness = await prepares(agents, 1)
        assert (await agents.commit(order(1), readiness)).state == "done"
        await lab.stop_node("node3")

    for restored in (snapshot, None):
        await with_ledger_of(lab, restored)
        # Another replica, started later: what the first one saw is known to it.
        async with replica(settings, redis, prefix) as agents:
            for again in range(6):  # however often it is asked
                refusal = await agents.prepare(order(2 + again))
                assert isinstance(refusal, NotBegun)
                assert refusal.by is Obstacle.NODE
                assert "an older copy" in refusal.detail
                assert "`neumann-bot agents add --cluster demo --node node3`" in refusal.detail
            assert not lab.is_running("node3")


async def test_pairing_again_lets_the_new_ledger_in(
    write_config: WriteConfig, lab: Lab, redis: Redis, prefix: str, stopped: None
) -> None:
    settings = load_settings(write_config())
    async with replica(settings, redis, prefix) as agents:
        await prepares(agents, 11)
        await with_ledger_of(lab, None)
        assert isinstance(await agents.prepare(order(12)), NotBegun)
    (cluster,) = settings.clusters
    nodes = tuple(node.model_copy(update={"pairing": "again"}) for node in cluster.nodes)
    paired = settings.model_copy(update={"clusters": (cluster.model_copy(update={"nodes": nodes}),)})
    async with replica(paired, redis, prefix) as agents:
        await prepares(agents, 13)
        await prepares(agents, 14)


async def test_a_mark_only_goes_forward_whoever_writes_it(redis: Redis, prefix: str) -> None:
    marks = LedgerMarks(redis, prefix)
    assert await marks.newest("demo/node1/") is None
    for epoch, count in (("a", 5), ("a", 4), ("b", 9), ("a", 5)):
        await marks.remember("demo/node1/", LedgerMark(epoch=epoch, count=count))
        assert await LedgerMarks(redis, prefix).newest("demo/node1/") == LedgerMark(epoch="a", count=5)
    await marks.remember("demo/node1/", LedgerMark(epoch="a", count=6))
    assert await marks.newest("demo/node1/") == LedgerMark(epoch="a", count=6)
    assert await marks.newest("demo/node2/") is None


async def test_a_mark_that_is_none_is_named(redis: Redis, prefix: str) -> None:
    await redis.hset(f"{prefix}:ledger-marks", "demo/node1/", "?")
    with pytest.raises(StoreDown, match="ledger mark of demo/node1/"):
        await LedgerMarks(redis, prefix).newest("demo/node1/")
