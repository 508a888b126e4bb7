"""A lab elects, survives, lets only its bot in, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from agent.protocol import Observation, ObserveRequest, Read
from lab.cluster.cluster import Lab, LabError
from lab.cluster.node_view import LabNode
from lab.layout import Address

pytestmark = pytest.mark.process

T = TypeVar("T")
Wait = Callable[[Lab], Awaitable[None]]
Connect = Callable[[Address], Awaitable[str]]
Becomes = Callable[..., Awaitable[None]]

ORPHANING = """
import asyncio, pathlib, sys
from lab.cluster.cluster import Lab

async def main():
    async with Lab(pathlib.Path(sys.argv[1]), node_count=1, with_agents=False) as lab:
        print(lab.services["node1"].pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def leader_of(lab: Lab) -> str:
    name = await lab.leader()
    assert name is not None, "no node leads"
    return name


async def number(node: LabNode, http: httpx.AsyncClient, field: str) -> int:
    return int((await node.health(http))[field])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_node_leads_and_writes_are_committed(running_lab: Lab, becomes: Becomes):
    leader = running_lab.node(await leader_of(running_lab))
    async with httpx.AsyncClient() as http:
        before = await leader.health(http)
        assert before["members"] == before["healthy_members"] == 3

        async def has_moved() -> bool:
            return await number(leader, http, "commit_index") > int(before["commit_index"])

        await becomes(has_moved, True)


async def test_another_node_leads_when_the_leader_dies_and_the_term_survives_a_restart(
    lab: Lab, has_leader: Wait
):
    first = await leader_of(lab)
    await lab.kill(first)
    await has_leader(lab)
    assert await leader_of(lab) != first
    async with httpx.AsyncClient() as http:
        term = await number(lab.node(await leader_of(lab)), http, "term")
        for node in lab.nodes:
            await lab.restart_node(node.name)
        await has_leader(lab)
        assert await number(lab.node(await leader_of(lab)), http, "term") >= term


async def test_a_frozen_node_still_accepts_and_does_not_answer(lab: Lab, connect: Connect, has_leader: Wait):
    leader = await leader_of(lab)
    frozen = next(node for node in lab.nodes if node.name != leader)
    lab.freeze(frozen.name)
    try:
        assert await connect(frozen.raft) == "open"
        async with httpx.AsyncClient(timeout=0.3) as http:
            assert await frozen.health(http) == {}
    finally:
        lab.thaw(frozen.name)
    await has_leader(lab)


async def test_the_log_tells_the_election(running_lab: Lab):
    text = running_lab.node(await leader_of(running_lab)).log_file.read_text()
    for message in ("Starting election", "Won election with quorum", "Became leader"):
        assert f"INFO tensor_chain::raft: {message} node_id=" in text


def value(read: Read[T] | None) -> T:
    assert read is not None and read.value is not None
    return read.value


async def test_agents_answer_the_bot_and_see_what_their_node_sees(lab: Lab):
    await lab.kill("node3")
    lab.network.set_mode("drop", [("node1", "node2")])
    async with lab.bot_credentials.http_client() as http:
        asked = ObserveRequest(readings=("connects", "service", "config", "clock"))
        answer = await http.post(f"{lab.nodes[0].agent_url}/v1/observe", content=asked.to_json())
    observation = Observation.from_json(answer.text)
    connects, service = value(observation.connects), value(observation.service)
    config, clock = value(observation.config), value(observation.clock)
    assert {(each.peer, each.port): each.result for each in connects} == {
        ("node2", "raft"): "timeout",
        ("node2", "gossip"): "timeout",
        ("node3", "raft"): "refused",
        ("node3", "gossip"): "refused",
    }
    assert service.state == "active"
    assert config.election_timeout_min_ms == 150
    assert abs(clock.offset_ms) < 10


async def test_agents_do_not_answer_a_stranger(running_lab: Lab):
    async with httpx.AsyncClient(verify=False) as stranger:
        with pytest.raises(httpx.TransportError):
            await stranger.get(f"{running_lab.nodes[0].agent_url}/v1/health")


async def test_private_files_are_private(running_lab: Lab):
    credentials = running_lab.bot_credentials
    for file in (credentials.key, credentials.grant_key, *running_lab.folder.glob("pki/*.key")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_nothing_is_left_after_stop(tmp_path: Path):
    tasks_before = asyncio.all_tasks()
    lab = Lab(tmp_path, node_count=2)
    await lab.start()
    pids = [process.pid for process in (*lab.services.values(), *lab.agents.values())]
    assert all(is_alive(pid) for pid in pids)
    await lab.stop()
    await lab.stop()
    assert not any(is_alive(pid) for pid in pids)
    assert asyncio.all_tasks() <= tasks_before
    for node in lab.layout.nodes:
        _assert_free(node.raft, node.gossip, node.metrics, node.agent)
    for link in lab.layout.links.values():
        _assert_free(link.raft, link.gossip)


async def test_a_start_that_fails_half_way_says_why_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "node2" / "data" / "raft.wal").mkdir(parents=True)
    lab = Lab(tmp_path, node_count=2, with_agents=False)
    with pytest.raises(LabError, match=r"node2: (.|\n)*IsADirectoryError"):
        await lab.start()
    assert [process.pid for process in lab.services.values()] == [0, 0]
    _assert_free(*(node.raft for node in lab.layout.nodes))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_nodes_die_with_a_lab_that_was_killed(tmp_path: Path):
    pipe = asyncio.subprocess.PIPE
    # Killed, it cannot remove its socket's folder: give it one that goes away, with a name short enough.
    with tempfile.TemporaryDirectory() as short:
        environment = {**os.environ, "TMPDIR": short}
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ORPHANING, str(tmp_path), stdout=pipe, env=environment
        )
        assert parent.stdout is not None
        node = int(await asyncio.wait_for(parent.stdout.readline(), 30))
        assert is_alive(node)
        parent.send_signal(signal.SIGKILL)
        await parent.communicate()
    deadline = time.monotonic() + 10
    while is_alive(node):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def _assert_free(*addresses: Address) -> None:
    for address in addresses:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
