"""What is done to three real nodes, and what is then wrong with them: the truth comes from the deed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import permutations

from lab.scenarios.fault import buttons
from lab.scenarios.scenario import Truth
from measure.real_nodes.cluster import CONFIG_FILE, HOSTS, NAMES
from measure.real_nodes.node import KEPT
from measure.real_nodes.thread.bed import Bed
from measure.real_nodes.thread.cases import WITHOUT, with_lines

Fault = Callable[[Bed], Awaitable[Truth]]
Pair = tuple[str, str]

RAFT, GOSSIP, PINGS = "tcp dport 7878", "tcp dport 7879", "icmp type echo-request"
DROP, REFUSE = "drop", "reject with tcp reset"
TABLE = "table inet fault { chain input { type filter hook input priority filter; }; }"
LOST_PERCENT = 25
"""Each way; of a ping's round trips that is 44 %. At 16 % a leader outlasts it."""
UNSEAT_S = 4.0
"""The lab's leader notices after three seconds that it lost its majority."""
DATA = "/var/lib/neumann"
SMALL_DISK = (
    f"systemctl stop neumann; cp -a {DATA} /root/neumann; mount -t tmpfs -o size=256m tmpfs {DATA};"
    f" cp -a /root/neumann/. {DATA}/; chown neumann:neumann {DATA}; systemctl start neumann"
)
HEALED = (
    f"cat {KEPT} >{CONFIG_FILE}; {WITHOUT}; systemctl reset-failed; systemctl kill -s CONT neumann;"
    " systemctl start neumann-agent true-time chrony;"
    f" if mountpoint -q {DATA}; then systemctl stop neumann; umount {DATA}; rm -r /root/neumann; fi;"
    " systemctl start neumann"
)
"""Nothing that runs is restarted: three restarts are an alert of their own, which fires on for minutes."""
FOUR_CRASHES = "until [ $(systemctl show neumann --property=NRestarts --value) -ge 4 ]; do sleep 0.2; done"

STALE = Truth(frozenset({"alert_stale"}))


def _truth(causes: str, *, open_to_doubt: bool = False, starts: Iterable[str] = ()) -> Truth:
    return Truth(frozenset(causes.split()), open_to_doubt, buttons("start_service", starts))


async def heal(bed: Bed) -> None:
    """Undo whatever a fault can have done."""
    for name in NAMES:
        node = bed.container(name)
        if not node.is_up():
            await asyncio.to_thread(node.boot)
        node.from_outside(("ip", "link", "set", "host0", "up"))
        node.from_outside(("nft", "flush", "ruleset"))
    await bed.everywhere(HEALED)
    await bed.well()
    await bed.desk.quiet()


def rules_of(pairs: Iterable[Pair], *what: str, verdict: str = DROP) -> dict[str, list[str]]:
    """Return nft's rules by receiver, for what the first of each pair sends: all of it, or what is named."""
    rules: dict[str, list[str]] = {}
    for sender, receiver in pairs:
        for each in what or ("",):
            words = ("ip", "saddr", HOSTS[sender], each, verdict)
            rules.setdefault(receiver, []).append(" ".join(filter(None, words)))
    return rules


def filtered(bed: Bed, pairs: Iterable[Pair], *what: str, verdict: str = DROP) -> None:
    """Drop or refuse what the first of each pair sends to the second: all of it, or what is named."""
    for name, rules in rules_of(pairs, *what, verdict=verdict).items():
        lines = "; ".join([TABLE, *(f"add rule inet fault input {rule}" for rule in rules)])
        done = bed.container(name).from_outside(("nft", lines))
        if done.code:
            raise RuntimeError(done.said)


async def _two(bed: Bed) -> Pair:
    """Return the leader and a follower."""
    lead = await bed.well()
    return lead, next(name for name in NAMES if name != lead)


async def _unseat(bed: Bed) -> None:
    """Refuse Raft's connections until whoever led has noticed, so that somebody must be elected anew."""
    filtered(bed, permutations(NAMES, 2), RAFT, verdict=REFUSE)
    await asyncio.sleep(UNSEAT_S)
    for name in NAMES:
        bed.container(name).from_outside(("nft", "flush", "ruleset"))


async def full_partition(bed: Bed) -> Truth:
    """Everything between all nodes is dropped."""
    filtered(bed, permutations(NAMES, 2))
    return _truth("network_partition")


async def leader_isolated(bed: Bed) -> Truth:
    """The leader is cut off; the others elect another one."""
    lead, _ = await _two(bed)
    filtered(bed, [pair for pair in permutations(NAMES, 2) if lead in pair])
    return STALE


async def follower_isolated(bed: Bed) -> Truth:
    """A follower is cut off; the leader stays."""
    _, other = await _two(bed)
    filtered(bed, [pair for pair in permutations(NAMES, 2) if other in pair])
    return STALE


async def one_way_ring(bed: Bed) -> Truth:
    """Each node's packets to the next are dropped, so that no connection holds either way."""
    filtered(bed, [("node1", "node2"), ("node2", "node3"), ("node3", "node1")])
    return _truth("network_partition")


async def leader_mute(bed: Bed) -> Truth:
    """What the leader sends is dropped, and it hears the others; they elect another one."""
    lead, _ = await _two(bed)
    filtered(bed, [(lead, name) for name in NAMES if name != lead])
    return STALE


async def gossip_port(bed: Bed) -> Truth:
    """The port of gossip is dropped everywhere; Raft goes on."""
    filtered(bed, permutations(NAMES, 2), GOSSIP)
    return STALE


async def raft_port(bed: Bed) -> Truth:
    """The port of Raft is refused everywhere; all else goes on."""
    filtered(bed, permutations(NAMES, 2), RAFT, verdict=REFUSE)
    return _truth("network_partition")


async def raft_port_of_a_follower(bed: Bed) -> Truth:
    """A follower's port of Raft is refused to all; the leader keeps its majority, or another is elected."""
    _, other = await _two(bed)
    filtered(bed, [(name, other) for name in NAMES if name != other], RAFT, verdict=REFUSE)
    return STALE


async def packets_lost(bed: Bed) -> Truth:
    """Four in ten round trips between all nodes are lost, while a leader must be elected."""
    await _unseat(bed)
    filtered(bed, permutations(NAMES, 2), verdict=f"numgen random mod 100 < {LOST_PERCENT} drop")
    return _truth("packet_loss", open_to_doubt=True)


async def leader_paused(bed: Bed) -> Truth:
    """The leader's process stands still; the others elect another one."""
    lead, _ = await _two(bed)
    await bed.stop(lead, how="systemctl kill -s STOP neumann")
    return STALE


async def two_paused(bed: Bed) -> Truth:
    """The leader's process and a follower's stand still."""
    await bed.stop(*await _two(bed), how="systemctl kill -s STOP neumann")
    return _truth("process_hung")


async def two_killed(bed: Bed) -> Truth:
    """The leader and a follower are killed."""
    hit = await _two(bed)
    await bed.stop(*hit, how="systemctl kill -s KILL neumann")
    return _truth("quorum_loss", starts=hit)


async def two_killed_and_an_agent(bed: Bed) -> Truth:
    """The same, and the agent of one of them is gone as well."""
    hit = await _two(bed)
    await bed.stop(*hit, how="systemctl kill -s KILL neumann")
    await bed.stop(hit[0], how="systemctl stop neumann-agent")
    return _truth("quorum_loss", open_to_doubt=True, starts=hit)


async def crash_loop(bed: Bed) -> Truth:
    """Two die of their own file, and systemd starts them again and again."""
    hit = await _two(bed)
    again = with_lines("[Unit]", "StartLimitIntervalSec=0", "[Service]", "Restart=always", "RestartSec=1")
    broken = f"{again}; echo 'no [ toml' >> {CONFIG_FILE}; systemctl restart neumann; timeout 60 bash -c"
    await bed.stop(*hit, how=f"{broken} '{FOUR_CRASHES}'")
    return _truth("crash_loop")


async def disks_full(bed: Bed) -> Truth:
    """The disks under the log of record of two are full, while a leader must be elected."""
    hit = await _two(bed)
    await bed.stop(*hit, how=SMALL_DISK)
    await bed.well()
    await bed.stop(*hit, how=f"fallocate -l 200M {DATA}/filler")
    await _unseat(bed)
    return _truth("storage_full")


async def power_lost(bed: Bed) -> Truth:
    """Two nodes lose their power."""
    for name in await _two(bed):
        bed.container(name).cut_power()
    return _truth("host_down", open_to_doubt=True)


async def cables_pulled(bed: Bed) -> Truth:
    """Two nodes lose their only network: to others that is the same as a host that is down."""
    for name in await _two(bed):
        bed.container(name).from_outside(("ip", "link", "set", "host0", "down"))
    return _truth("host_down", open_to_doubt=True)


async def agent_down(bed: Bed) -> Truth:
    """An agent is stopped, and nothing else."""
    await bed.stop(await bed.well(), how="systemctl stop neumann-agent")
    return STALE


async def no_time_source(bed: Bed) -> Truth:
    """chrony follows nothing any more, on any node."""
    await bed.everywhere("systemctl stop true-time; systemctl restart chrony")
    return STALE


async def nothing(bed: Bed) -> Truth:
    """All is well."""
    await bed.well()
    return STALE


FAULTS: tuple[Fault, ...] = (
    full_partition, leader_isolated, follower_isolated, one_way_ring, leader_mute, gossip_port, raft_port,
    raft_port_of_a_follower, packets_lost, leader_paused, two_paused, two_killed, two_killed_and_an_agent,
    crash_loop, disks_full, power_lost, cables_pulled, agent_down, no_time_source, nothing,
)  # fmt: skip
