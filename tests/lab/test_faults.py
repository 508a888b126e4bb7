"""Every fault takes the leader away, and its own cure brings one back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest

from lab.cluster.cluster import Lab
from lab.faults import FAULTS
from lab.layout import Address

pytestmark = pytest.mark.process

Wait = Callable[[Lab], Awaitable[None]]
Connect = Callable[[Address], Awaitable[str]]
RunCommand = Callable[..., Awaitable[tuple[int, str]]]


async def test_killing_the_quorum_ends_with_one_process_started_again(
    lab: Lab, has_leader: Wait, has_no_leader: Wait, connect: Connect, run_command: RunCommand
):
    await FAULTS["quorum-loss"].inject(lab)
    await has_no_leader(lab)
    dead = [node for node in lab.nodes if not lab.is_running(node.name)]
    (survivor,) = (node for node in lab.nodes if lab.is_running(node.name))
    assert len(dead) == 2
    for node in dead:
        link = lab.layout.links[survivor.name, node.name]
        assert await connect(link.raft) == "refused"
        assert await connect(link.gossip) == "refused"
        assert "ActiveState=failed" in (await run_command(node, "systemctl", "show", "neumann"))[1]

    assert await run_command(dead[0], "systemctl", "start", "neumann") == (0, "")

    await has_leader(lab)
    assert await connect(lab.layout.links[survivor.name, dead[0].name].raft) == "open"
    assert "ActiveState=active" in (await run_command(dead[0], "systemctl", "show", "neumann"))[1]


async def test_a_partition_times_out_everywhere_and_ends_when_it_heals(
    lab: Lab, has_leader: Wait, has_no_leader: Wait, connect: Connect, run_command: RunCommand
):
    fault = FAULTS["network-partition"]
    await fault.inject(lab)
    assert await _connects(lab, connect) == {"timeout"}
    await has_no_leader(lab)
    host = lab.layout.links["node1", "node2"].ping_host
    code, printed = await run_command(lab.nodes[0], "ping", "-n", "-c", "3", "-i", "0.05", "-W", "0.3", host)
    assert code == 1
    assert "3 packets transmitted, 0 received, 100% packet loss" in printed

    assert fault.heals_itself
    await fault.heal(lab)

    await has_leader(lab)
    assert await _connects(lab, connect) == {"open"}


async def test_clocks_apart_hold_no_leader_until_they_are_stepped(
    lab: Lab, has_leader: Wait, has_no_leader: Wait, run_command: RunCommand
):
    await FAULTS["clock-skew"].inject(lab)
    await has_no_leader(lab)
    offsets_ms = {}
    for node in lab.nodes:
        _, printed = await run_command(node, "chronyc", "-c", "tracking")
        offsets_ms[node] = -float(printed.split(",")[4]) * 1000
    far = [node for node, offset_ms in offsets_ms.items() if abs(offset_ms) > 500]
    assert len(far) == 2
    for node in lab.nodes:
        assert "WARN tensor_chain::gossip: Node marked as failed node_id=node" in node.log_file.read_text()
    assert any("candidate_healthy=false" in node.log_file.read_text() for node in lab.nodes)

    for node in far:
        assert await run_command(node, "chronyc", "makestep") == (0, "200 OK\n")

    await has_leader(lab)
    assert all(abs(lab.node(node.name).clock_offset_ms) <= 1 for node in far)


async def test_slow_links_storm_until_the_timeouts_are_widened(
    lab: Lab, has_leader: Wait, has_no_leader: Wait, run_command: RunCommand
):
    terms_before = await _terms(lab)
    await FAULTS["aggressive-timeouts"].inject(lab)
    await has_no_leader(lab)
    assert max(await _terms(lab)) > max(terms_before) + 3

    for node in lab.nodes:
        text = node.config_file.read_text()
        text = re.sub(r"(election_timeout_min_ms) = \d+", r"\1 = 2000", text)
        node.config_file.write_text(re.sub(r"(election_timeout_max_ms) = \d+", r"\1 = 4000", text))
        assert await run_command(node, "systemctl", "restart", "neumann") == (0, "")

    await has_leader(lab)


async def _connects(lab: Lab, connect: Connect) -> set[str]:
    ends = [end for link in lab.layout.links.values() for end in (link.raft, link.gossip)]
    return set(await asyncio.gather(*(connect(end) for end in ends)))


async def _terms(lab: Lab) -> list[int]:
    found = []
    for node in lab.nodes:
        _, *terms = re.findall(r"(?:new_)?term=(\d+)", "term=0 " + node.log_file.read_text())
        found.append(max((int(term) for term in terms), default=0))
    return found
