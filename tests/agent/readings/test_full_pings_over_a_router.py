"""Real pings over a router whose far side has a smaller MTU: it says so, or its word is lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, ("ip", "nft", "ping", "sysctl"))),
        reason="takes root, ip, nft and ping",
    ),
]

ROUTER = """
link add s0 netns {a} type veth peer name s1 netns {r}
link add b0 netns {r} type veth peer name b1 netns {b}
-n {a} addr add 10.77.1.2/24 dev s0
-n {r} addr add 10.77.1.1/24 dev s1
-n {r} addr add 10.77.2.1/24 dev b0
-n {b} addr add 10.77.2.2/24 dev b1
-n {a} link set s0 up
-n {r} link set s1 up
-n {r} link set b0 mtu 1400 up
-n {b} link set b1 mtu 1400 up
-n {a} route add default via 10.77.1.1
-n {b} route add default via 10.77.2.1
netns exec {r} sysctl -qw net.ipv4.ip_forward=1
"""
SILENT = (
    "table ip f { chain o { type filter hook output priority 0; icmp type destination-unreachable drop; }; }"
)

READ = """
import asyncio, json
from pathlib import Path
from msgspec.structs import replace
from agent.addresses import Address
from agent.readings.full_pings import read_full_pings
from agent.settings import Commands, Peer, Settings, Tls
here = Path("/")
closed = Address("10.77.2.2:1")
peer = Peer(node="node2", raft=closed, gossip=closed, ping="10.77.2.2")
settings = Settings(
    cluster="demo", node="node1", listen=closed, state_dir=here, config_file=here,
    tls=Tls(certificate=here, key=here, authority=here), peers=(peer,),
    commands=Commands(ping=Path(PING)),
)
(ping,) = asyncio.run(read_full_pings(settings))
print(ping.to_json())
"""


@pytest.fixture
def spaces() -> Iterator[dict[str, str]]:
    """The names of three namespaces: a sender, a router and a receiver behind it."""
    names = {key: f"mtu-{key}-{os.getpid()}" for key in "arb"}
    try:
        for name in names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
        for line in ROUTER.format(**names).strip().splitlines():
            subprocess.run(["ip", *line.split()], check=True)
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)


def full_ping(space: str) -> dict[str, object]:
    program = READ.replace("PING", repr(shutil.which("ping")))
    argv = ["ip", "netns", "exec", space, sys.executable, "-c", program]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_router_that_says_so_is_known_from_one_whose_word_is_lost(spaces: dict[str, str]):
    subprocess.run(
        ["ip", "netns", "exec", spaces["r"], "nft", "-f", "-"], input=SILENT, text=True, check=True
    )
    lost = {"peer": "node2", "packet_bytes": 1500, "sent": 3, "received": 0}
    assert full_ping(spaces["a"]) == lost
    subprocess.run(["ip", "netns", "exec", spaces["r"], "nft", "flush", "ruleset"], check=True)
    assert full_ping(spaces["a"]) == lost | {"told_mtu_bytes": 1400}
    # The kernel has taken it up, and TCP goes by it.
    assert full_ping(spaces["a"]) == lost | {"packet_bytes": 1400, "received": 3}
