"""Pings of full size: what real ones print, and that the size is the kernel's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from agent.addresses import Address
from agent.errors import ReadingError
from agent.readings.full_pings import parse_full_ping, read_full_pings
from agent.readings.probes import parse_ping
from agent.settings import Peer, Settings
from tests.agent.bed import Node

RECORDED = Path(__file__).parents[2] / "data" / "ping"
CLOSED = Address("127.0.0.1:1")


def printed(name: str) -> str:
    return (RECORDED / f"{name}.txt").read_text()


@pytest.mark.parametrize(
    ("name", "received", "told"),
    [
        ("fits", 3, UNSET),
        ("full-size-black-hole", 0, UNSET),
        ("ipv6-full-size-black-hole", 0, UNSET),
        ("full-size-router-tells", 0, 1400),
        ("full-size-kernel-knows", 0, 1400),
        ("unprivileged-full-size-router-tells", 0, 1400),
        ("ipv6-full-size-router-tells", 0, 1400),
        ("ipv6-full-size-kernel-knows", 0, 1400),
        ("larger-than-the-interface", 0, 1450),
    ],
)
def test_what_real_pings_print(name: str, received: int, told: int | UnsetType):
    ping = parse_full_ping("node2", printed(name), packet_bytes=1500)
    assert ping
    assert (ping.sent, ping.received, ping.told_mtu_bytes) == (3, received, told)


@pytest.mark.parametrize("name", ["unprivileged-not-permitted", "unprivileged-too-fast"])
def test_a_ping_that_was_not_sent_has_no_counts(name: str):
    assert parse_full_ping("node2", printed(name), packet_bytes=1500) is None


def test_small_ones_come_through_what_loses_large_ones():
    ping = parse_ping("node2", printed("small-through-black-hole"))
    assert ping
    assert (ping.sent, ping.received) == (100, 100)


def peers(settings: Settings, *hosts: str) -> Settings:
    return replace(
        settings,
        peers=tuple(
            Peer(node=f"node{number}", raft=CLOSED, gossip=CLOSED, ping=host)
            for number, host in enumerate(hosts, start=2)
        ),
    )


@pytest.mark.process
async def test_an_address_is_pinged_with_as_much_as_its_interface_takes(settings: Settings, node: Node):
    (node.folder / "ping.out").write_text(printed("full-size-black-hole"))
    ping = f'#!/bin/sh\necho "ping $*" >> {node.folder}/calls\ncat {node.folder}/ping.out\n'
    (node.folder / "ping").write_text(ping)
    (found,) = await read_full_pings(peers(settings, "127.0.0.2"))
    # A loopback takes 65536 bytes, and no network more than a jumbo frame's.
    assert (found.peer, found.packet_bytes, found.received) == ("node2", 9000, 0)
    assert node.calls("ping -n -c 3 -i 0.2 -W 1 -M do -s 8972 127.0.0.2") == 1


@pytest.mark.process
async def test_of_a_large_cluster_a_node_pings_those_that_come_next(settings: Settings, node: Node):
    (node.folder / "ping").write_text(f"#!/bin/sh\ncat {RECORDED}/fits.txt\n")
    many = replace(peers(settings, *["127.0.0.2"] * 30), node="node25-b")
    told = [each.peer.removeprefix("node") for each in await read_full_pings(many)]
    assert told == ["26", "27", "28", "29", "3", "30", "31", "4", "5", "6", "7", "8"]
    last = await read_full_pings(replace(many, node="node8"))
    assert [each.peer for each in last][:4] == ["node8", "node9", "node10", "node11"]


@pytest.mark.process
async def test_a_name_is_resolved_by_ping_alone(settings: Settings, node: Node):
    said = printed("fits").replace("PING 10.77.2.2 (10.77.2.2)", "PING node2 (127.0.0.2)")
    (node.folder / "ping.out").write_text(said)
    ping = f'#!/bin/sh\necho "ping $*" >> {node.folder}/calls\ncat {node.folder}/ping.out\n'
    (node.folder / "ping").write_text(ping)
    (found,) = await read_full_pings(peers(settings, "node2.invalid"))
    assert (found.packet_bytes, found.received) == (9000, 3)
    assert node.calls("ping -n -c 3 -i 0.2 -W 1 -M do -s 1472 node2.invalid") == 1
    assert node.calls("ping -n -c 3 -i 0.2 -W 1 -M do -s 8972 node2.invalid") == 1


@pytest.mark.process
async def test_a_ping_that_may_not_run_or_knows_no_such_option_says_so(settings: Settings, node: Node):
    (node.folder / "ping").write_text("#!/bin/sh\necho 'ping: invalid option -- M' >&2\nexit 1\n")
    with pytest.raises(ReadingError, match="printed no counts: ping: invalid option -- M"):
        await read_full_pings(peers(settings, "127.0.0.2"))
    assert await read_full_pings(settings) == ()
