"""Cases of a node's own look at its links: a peer of IPv6, a path that loses large packets, other pings."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure.real_nodes.cases import Result
from measure.real_nodes.node import AGENT, SETTINGS, Node

FAR, FAR_IPV4 = "fd00:99::2", "10.98.0.2"
PYTHON = "/opt/neumann-bot/bin/python"
PINGS = "opt/pings"
AS_THE_UNIT = (
    "-p User=neumann-agent -p AmbientCapabilities=CAP_NET_RAW -p CapabilityBoundingSet=CAP_NET_RAW"
    " -p WorkingDirectory=/src"
)
LISTEN = """
import socket, time
held = [socket.create_server(("::", port), family=socket.AF_INET6) for port in (7878, 7879)]
time.sleep(10_000)
"""
UNIT = f"""\
[Service]
ExecStartPre=/bin/sh -ec 'ip netns add far; ip link add near type veth peer name over netns far; \
ip addr add fd00:99::1/64 dev near nodad; ip addr add 10.98.0.1/24 dev near; ip link set near up; \
ip -n far addr add {FAR}/64 dev over nodad; ip -n far addr add {FAR_IPV4}/24 dev over; \
ip -n far link set over up'
ExecStart=/sbin/ip netns exec far /usr/bin/python3 -c {shlex.quote(LISTEN.strip().replace(chr(10), "; "))}
ExecStopPost=/sbin/ip netns delete far
"""
LOOK = f"""
import asyncio, json, pathlib
from msgspec import to_builtins
from agent.errors import ReadingError
from agent.readings.full_pings import read_full_pings
from agent.readings.probes import read_connects, read_pings
from agent.settings import load_settings
settings = load_settings(pathlib.Path("{SETTINGS}"))
async def value_of(read):
    try:
        return to_builtins(await read(settings))
    except ReadingError as error:
        return str(error)
async def look():
    return [await value_of(read) for read in (read_connects, read_pings, read_full_pings)]
print(json.dumps(asyncio.run(look())))
"""


def put_pings(root: Path) -> None:
    """Unpack two more kinds of ping beside the root's own, which is that of iputils."""
    if (root / PINGS).exists():
        return
    fetch = (
        f"mkdir -p /{PINGS}; cd /{PINGS}; apt-get -qq update; apt-get -qq download inetutils-ping busybox;"
        " for each in *.deb; do dpkg-deb -x $each .; done; mkdir busybox inetutils;"
        " ln -s $(find $PWD -path '*/bin/ping') inetutils/ping;"
        " ln -s $(find $PWD -path '*/bin/busybox') busybox/ping"
    )
    in_root = ("chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    subprocess.run((*in_root, "sh", "-ec", fetch), check=True, stdout=subprocess.DEVNULL)


def _as_the_unit(node: Node, command: str) -> str:
    """Run a command with the rights that the agent's unit gives it; return what it said."""
    return node.root(f"systemd-run -q --pipe --wait {AS_THE_UNIT} {command}").said.strip()


def _look(node: Node) -> tuple[Any, Any, Any]:
    """Return the connects, pings and full pings to the far peer, each as read or why it was not."""
    said = _as_the_unit(node, f"{PYTHON} -c {shlex.quote(LOOK)}")
    connects, pings, full = json.loads(said.splitlines()[-1])
    return connects, pings, full


@contextmanager
def _far_peer(node: Node, raft: str, gossip: str, ping: str) -> Iterator[None]:
    """Have one peer, behind a link of its own; everything is as before in the end."""
    node.container.write("/etc/systemd/system/far.service", UNIT)
    peer = f'\n[[peers]]\nnode = "node2"\nraft = "{raft}"\ngossip = "{gossip}"\nping = "{ping}"\n'
    without = f"sed -i '/^\\[\\[peers/,$d' {SETTINGS}"
    node.root(f"cp -p {SETTINGS} /root/settings; {without}; printf '{peer}' >>{SETTINGS}")
    node.root("systemctl daemon-reload; systemctl start far; sleep 1")
    try:
        yield
    finally:
        node.root(f"cp -p /root/settings {SETTINGS}; systemctl stop far; ip link delete near")


def ipv6_peer(node: Node) -> Result:
    """A peer of IPv6: both ports open, every ping back, large packets too; then a path that loses those."""
    with _far_peer(node, f"[{FAR}]:7878", f"[{FAR}]:7879", FAR):
        connects, pings, full = _look(node)
        # As behind a tunnel that tells nobody: what is larger is dropped without a word.
        node.root("ip -n far link set over mtu 1400")
        _, _, lost = _look(node)
    opened = [each["result"] for each in connects]
    counts = [(each["sent"], each["received"]) for each in (*pings, *full, *lost)]
    right = opened == ["open", "open"] and counts == [(100, 100), (3, 3), (3, 0)]
    return Result(right, f"connects {opened}; pings, large ones, those on that path: {counts}")


def other_pings(node: Node) -> Result:
    """The pings of inetutils and busybox for iputils': what they lack is said by `check`, the rest read."""
    said, right = [], True
    with _far_peer(node, f"{FAR_IPV4}:7878", f"{FAR_IPV4}:7879", FAR_IPV4):
        for name, sends in (("inetutils", 8), ("busybox", 100)):
            path = f"/{PINGS}/{name}/ping"
            node.root(f'sed -i \'/^ping = "\\//d; s#^\\[commands\\]#&\\nping = "{path}"#\' {SETTINGS}')
            check = _as_the_unit(node, f"{AGENT} check")
            _, pings, full = _look(node)
            counts = (pings[0]["sent"], pings[0]["received"])
            right = right and counts == (sends, sends) and f"{path} sends no packets of full size" in check
            right = right and (f"{path} sends no pings every 10 ms" in check) == (sends == 8)
            right = right and "printed no counts" in full
            said.append(f"{name}: {counts[1]} of {counts[0]} pings back; check: {check}")
    return Result(right, "; ".join(said))


CASES: Mapping[str, Callable[[Node], Result]] = {each.__name__: each for each in (ipv6_peer, other_pings)}
