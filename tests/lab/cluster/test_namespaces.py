"""Nodes on hosts of their own: what the packet filter does, the agents see. Needs root and nftables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent.protocol import Observation, ObserveRequest
from lab.cluster.cluster import Lab
from lab.cluster.namespaces import NamespaceNetwork, claim_namespaces, why_no_namespaces
from lab.live import heal
from tests.waiting import until

SENT = 100
"""Pings to each peer, as the runbook says."""

LEAVING_BEHIND = """
import asyncio, os, signal
from lab.cluster.namespaces import NamespaceNetwork, claim_namespaces

layout = claim_namespaces(2)
asyncio.run(NamespaceNetwork(layout).start())
print(layout.nodes[0].raft.host, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def namespaces() -> str:
    return subprocess.run(("ip", "netns", "list"), capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", autouse=True)
def _possible():
    if why := why_no_namespaces():
        pytest.skip(why)


@pytest_asyncio.fixture(scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with Lab(tmp_path_factory.mktemp("lab"), network="namespaces") as lab:
        yield lab


@pytest_asyncio.fixture(autouse=True)
async def _healed(lab: Lab) -> AsyncIterator[None]:
    yield
    await heal(lab)


async def seen(lab: Lab) -> tuple[dict[str, str], dict[str, int]]:
    """What node1's own agent sees: `peer port` → connect, peer → pings that came back."""
    async with lab.bot_credentials.http_client() as http:
        asked = ObserveRequest(readings=("connects", "pings")).to_json()
        answer = await http.post(f"{lab.nodes[0].agent_url}/v1/observe", content=asked)
    found = Observation.from_json(answer.text)
    assert found.connects and found.connects.value and found.pings and found.pings.value
    connects: dict[str, str] = {f"{each.peer} {each.port}": each.result for each in found.connects.value}
    return connects, {each.peer: each.received for each in found.pings.value}


@pytest.mark.process
async def test_sound_links_are_open_and_every_ping_comes_back(lab: Lab):
    connects, pings = await seen(lab)
    assert set(connects.values()) == {"open"}
    assert pings == {"node2": SENT, "node3": SENT}


async def test_what_is_dropped_times_out_and_what_is_rejected_is_refused(lab: Lab):
    lab.network.set_mode("drop", [("node1", "node2")], ports=("raft", "ping"))
    lab.network.set_mode("refuse", [("node1", "node3")], ports=("gossip",))
    connects, pings = await seen(lab)
    assert connects == {
        "node2 raft": "timeout",
        "node2 gossip": "open",
        "node3 raft": "open",
        "node3 gossip": "refused",
    }
    assert pings == {"node2": 0, "node3": SENT}


async def test_without_the_packets_of_one_way_neither_side_connects(lab: Lab):
    lab.network.set_mode("drop", [("node2", "node1")])
    connects, pings = await seen(lab)
    assert connects["node2 raft"] == connects["node2 gossip"] == "timeout"
    assert connects["node3 raft"] == "open"
    assert pings["node2"] == 0


async def test_a_host_without_a_cable_answers_nobody_and_the_others_lead_on(lab: Lab):
    assert isinstance(lab.network, NamespaceNetwork)
    lab.network.set_host_up("node3", up=False)
    connects, pings = await seen(lab)
    assert {connects["node3 raft"], connects["node3 gossip"]} <= {"timeout", "unreachable"}
    assert connects["node2 raft"] == "open"
    assert pings.get("node3", 0) == 0

    async def led_by_the_others() -> bool:
        return await lab.leader() in ("node1", "node2")

    await until(led_by_the_others)


async def test_lost_packets_are_lost_pings(lab: Lab):
    lab.network.set_loss(0.5)
    _, pings = await seen(lab)
    assert sum(pings.values()) < 2 * SENT
    lab.network.set_loss(0.0)
    _, pings = await seen(lab)
    assert sum(pings.values()) == 2 * SENT


async def test_a_delay_is_refused_and_not_left_out_silently(lab: Lab):
    lab.network.set_delay(0.0)
    with pytest.raises(OSError, match="use proxies"):
        lab.network.set_delay(200.0)


@pytest.mark.process
async def test_what_a_killed_lab_left_is_removed_when_the_next_one_starts(tmp_path: Path):
    killed = subprocess.run(
        (sys.executable, "-c", LEAVING_BEHIND),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert killed.returncode == -9, killed.stderr
    left = f"nl{killed.stdout.split('.')[2]}-node"
    assert namespaces().count(left) == 2
    layout = claim_namespaces(1)
    network = NamespaceNetwork(layout)
    try:
        await network.start()
        own = f"nl{layout.nodes[0].raft.host.split('.')[2]}-node"
        assert namespaces().count(left) == (1 if left == own else 0)
    finally:
        await network.stop()
        layout.release()
    assert left not in namespaces()
