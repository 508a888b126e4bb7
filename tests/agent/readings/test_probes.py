"""What a connect and a ping come to."""

from __future__ import annotations

import asyncio
import errno
import socket
import time

import pytest
from msgspec.structs import replace

from agent.addresses import Address
from agent.errors import ReadingError
from agent.readings.probes import classify, parse_ping, read_connects, read_pings
from agent.settings import Deadlines, Peer, Settings
from tests.agent.bed import Node


async def test_a_silent_port_is_a_timeout_and_not_a_missing_reading(settings: Settings):
    # A listener whose one place is taken drops further connects.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        address = full.getsockname()
        first.connect(address)
        taken, nowhere = Address(f"127.0.0.1:{address[1]}"), Address("host.invalid:1")
        peer = Peer(node="node2", raft=taken, gossip=nowhere, ping="127.0.0.1")
        changed = replace(settings, peers=(peer,), deadlines=Deadlines(connects=0.5))
        raft, gossip = await read_connects(changed)
    assert (raft.result, raft.latency_ms) == ("timeout", None)
    assert gossip.result in ("dns", "timeout")


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (OSError(errno.EHOSTUNREACH, ""), "unreachable"),
        (OSError(errno.ENETUNREACH, ""), "unreachable"),
        (ConnectionResetError(), "reset"),
        (ConnectionRefusedError(), "refused"),
        (TimeoutError(), "timeout"),
        (OSError(errno.ETIMEDOUT, ""), "timeout"),
        (socket.gaierror(socket.EAI_NONAME, ""), "dns"),
        (OSError("Multiple exceptions"), "unknown"),
    ],
)
def test_each_error_has_its_name(error: OSError, result: str):
    assert classify(error) == result


@pytest.mark.process
async def test_a_process_that_comes_late_itself_does_not_call_it_a_timeout(settings: Settings):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        address = full.getsockname()
        first.connect(address)
        taken = Address(f"127.0.0.1:{address[1]}")
        peer = Peer(node="node2", raft=taken, gossip=taken, ping="127.0.0.1")
        changed = replace(settings, peers=(peer,), deadlines=Deadlines(connects=0.4))
        reading = asyncio.create_task(read_connects(changed))
        await asyncio.sleep(0.05)
        time.sleep(0.6)
        assert {connect.result for connect in await reading} == {"unknown"}


@pytest.mark.process
async def test_where_an_old_ping_refuses_to_go_so_fast_a_slower_one_is_sent(settings: Settings, node: Node):
    told = "5 packets transmitted, 5 received, 0% packet loss, time 9ms"
    (node.folder / "ping").write_text(
        '#!/bin/sh\nif [ "$5" = 0.01 ]; then echo "ping: cannot flood; minimal interval allowed for user is '
        f"200ms\" >&2; exit 2; fi\necho '{told}'\n"
    )
    closed = Address("127.0.0.1:1")
    peer = Peer(node="node2", raft=closed, gossip=closed, ping="127.0.0.1")
    (ping,) = await read_pings(replace(settings, peers=(peer,)))
    assert (ping.sent, ping.received) == (5, 5)


def test_nothing_came_back():
    ping = parse_ping("node2", "20 packets transmitted, 0 received, +3 errors, 100% packet loss, time 9ms\n")
    assert ping and (ping.sent, ping.received, ping.rtt_max_ms) == (20, 0, None)


def test_busybox_prints_it_otherwise():
    ping = parse_ping(
        "node2",
        "20 packets transmitted, 20 packets received, 0% packet loss\n"
        "round-trip min/avg/max = 0.1/0.2/0.3 ms\n",
    )
    assert ping and (ping.received, ping.rtt_min_ms, ping.rtt_max_ms) == (20, 0.1, 0.3)


@pytest.mark.process
async def test_a_ping_that_may_not_run_says_why(settings: Settings, node: Node):
    (node.folder / "ping").write_text("#!/bin/sh\necho 'ping: socket: Operation not permitted' >&2\nexit 2\n")
    closed = Address("127.0.0.1:1")
    peer = Peer(node="node2", raft=closed, gossip=closed, ping="127.0.0.1")
    with pytest.raises(ReadingError, match="Operation not permitted"):
        await read_pings(replace(settings, peers=(peer,)))
