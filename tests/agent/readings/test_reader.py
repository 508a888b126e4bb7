"""One observe reads everything at once, and what fails is said and holds nothing up."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agent.addresses import Address
from agent.protocol import ALL_READINGS, Observation, ObserveRequest
from agent.readings.reader import NodeReader
from agent.settings import Deadlines, Peer, Settings
from tests.agent.bed import Connected, Node, metrics_server

pytestmark = pytest.mark.process

PING = """PING 127.0.0.2 (127.0.0.2) 56(84) bytes of data.

--- 127.0.0.2 ping statistics ---
100 packets transmitted, 99 received, 1% packet loss, time 991ms
rtt min/avg/max/mdev = 0.021/0.034/0.051/0.008 ms
"""


async def test_a_whole_observation_over_the_wire(connected: Connected, settings: Settings, node: Node):
    node.log.write_text(
        "2026-03-02T10:15:04Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term=43\n"
    )
    (node.folder / "ping").write_text(
        f"#!/bin/sh\necho \"ping $*\" >> {node.folder}/calls\ncat <<'E'\n{PING}E\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as open_port, socket.socket() as closed_port:
        closed_port.bind(("127.0.0.1", 0))
        peer = Peer(
            node="node2",
            raft=Address(f"127.0.0.1:{open_port.getsockname()[1]}"),
            gossip=Address(f"127.0.0.1:{closed_port.getsockname()[1]}"),
            ping="127.0.0.2",
        )
        async with (
            metrics_server(b"HTTP/1.1 200 OK\r\n\r\ntensor_chain_term 43\n") as metrics_url,
            connected(replace(settings, peers=(peer,), metrics_url=metrics_url)) as bot,
        ):
            answer = await bot.http.post("/v1/observe", content=ObserveRequest().to_json())
    seen = Observation.from_json(answer.content)
    assert (seen.cluster, seen.node) == ("demo", "node1")
    assert seen.clock and seen.clock.value and seen.clock.value.ntp_service_active is True
    assert seen.service and seen.service.value and seen.service.value.started_boottime_s == 7.5
    assert (seen.service.value.restarts, seen.service.value.result) == (2, "success")
    assert seen.log and seen.log.value and seen.log.value.highest_term == 43
    assert seen.log.value.silent_s is not None
    assert seen.disk and seen.disk.value and 0 < seen.disk.value.free_bytes <= seen.disk.value.total_bytes
    assert seen.metrics and seen.metrics.value and seen.metrics.value.text == "tensor_chain_term 43\n"
    assert seen.config and seen.config.value and seen.config.value.election_timeout_min_ms == 150
    assert seen.connects and seen.connects.value
    assert [(c.port, c.result) for c in seen.connects.value] == [("raft", "open"), ("gossip", "refused")]
    assert seen.pings and seen.pings.value
    (ping,) = seen.pings.value
    assert (ping.sent, ping.received, ping.rtt_avg_ms) == (100, 99, 0.034)
    assert node.calls("ping -n -c 100 -i 0.01 -W 1 127.0.0.2") == 1


async def test_only_what_is_asked_for_is_read(settings: Settings, node: Node):
    seen = await NodeReader(settings).observe(ObserveRequest(readings=("service",)))
    assert seen.service
    assert not any(getattr(seen, name) for name in ALL_READINGS if name != "service")
    assert node.calls("chronyc") == 0


async def test_what_fails_is_missing_with_a_sentence(settings: Settings, node: Node):
    (node.folder / "chronyc").write_text("#!/bin/sh\necho '506 Cannot talk to daemon'\nexit 1\n")
    (node.folder / "systemctl").unlink()
    node.config.unlink()
    gone = replace(settings, data_dir=node.folder / "gone", metrics_url="http://127.0.0.1:9")
    seen = await NodeReader(gone).observe(ObserveRequest())
    assert seen.clock and "506 Cannot talk to daemon" in str(seen.clock.missing)
    assert seen.service and "cannot be run: No such file" in str(seen.service.missing)
    assert seen.config and "cannot be read" in str(seen.config.missing)
    assert seen.log and "None of the log files exists" in str(seen.log.missing)
    assert seen.disk and "(data_dir) cannot be read: No such file" in str(seen.disk.missing)
    assert seen.metrics and seen.metrics.missing == "http://127.0.0.1:9/metrics refused the connection."
    assert seen.clock.timed_out is seen.metrics.timed_out is seen.clock.refused is UNSET
    assert seen.metrics.refused is True
    assert seen.connects and seen.connects.value == ()


async def test_a_reading_that_hangs_holds_up_no_other_and_leaves_no_child(settings: Settings, node: Node):
    (node.folder / "chronyc").write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {node.folder}/child\nwait\n")
    quick = replace(settings, deadlines=Deadlines(clock=0.3))
    start = time.monotonic()
    seen = await NodeReader(quick).observe(ObserveRequest())
    assert time.monotonic() - start < 10
    assert seen.clock and "did not end within 0.3 s" in str(seen.clock.missing)
    assert seen.clock.took_ms >= 300
    assert seen.clock.timed_out is True
    assert seen.service and seen.service.value
    child = int((node.folder / "child").read_text())
    async with asyncio.timeout(10):
        while _lives(child):
            await asyncio.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
