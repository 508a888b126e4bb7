"""Faults inside the node's process: it crashes, its Raft dies, its log, its certificate, its disk."""

from __future__ import annotations

import asyncio
import functools

from lab.cluster.cluster import Lab
from lab.cluster.disks import resize_disk
from lab.layout import RAFT_PORT
from lab.live.scenario import Step
from lab.node.condition import SOUND, Condition, write_condition

RESTART_DELAY_S = 1.0
RESTARTS = 4
"""From three restarts on it is a loop; this is one more."""

FULL_DISK_MIB = 8
BEHIND_S = 6.0
"""The leader writes two entries a second, which the laggard then lacks."""

TAKEN_S = 0.3
"""A process reads its condition every 50 ms."""

WITHIN_S = 60.0


def ail(condition: Condition, *names: str) -> Step:
    """Put these nodes into a condition."""

    async def inject(lab: Lab) -> None:
        for name in names:
            write_condition(lab.node(name).folder, condition)

    return inject


def crash_loop(*names: str, up_s: float) -> Step:
    """Let these nodes live for so long each time, and the service manager start them again."""

    async def inject(lab: Lab) -> None:
        for name in names:
            lab.services[name].restart_on_failure(functools.partial(lab.start_node, name), RESTART_DELAY_S)
        await ail(Condition(ends_after_s=up_s), *names)(lab)
        async with asyncio.timeout(WITHIN_S):
            while any(lab.services[name].restarts < RESTARTS for name in names):  # noqa: ASYNC110  # a count
                await asyncio.sleep(0.05)

    return inject


async def kill_raft_of_followers(lab: Lab) -> None:
    """Let Raft die in all processes but the leader's, which then loses its quorum."""
    leader = await lab.leader()
    followers = (node.name for node in lab.nodes if node.name != leader)
    await ail(Condition(raft_task_dead=True), *followers)(lab)
    async with asyncio.timeout(WITHIN_S):
        while await lab.leader():  # noqa: ASYNC110  # another process's state has no event
            await asyncio.sleep(0.05)


async def kill_every_raft(lab: Lab) -> None:
    """Let Raft die in every process, and in the leader's when it leads no more."""
    await kill_raft_of_followers(lab)
    await ail(Condition(raft_task_dead=True), *(node.name for node in lab.nodes))(lab)


async def kill_raft_of_leader(lab: Lab) -> None:
    """Let Raft die in the leader's process: it goes on saying that it leads, while others elect."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            leader = await _until_led(lab)
            await ail(Condition(raft_task_dead=True), leader)(lab)
            await asyncio.sleep(TAKEN_S)
            if leader in await _claiming(lab):
                return
            await ail(SOUND, leader)(lab)  # it had just been voted out


async def leave_a_laggard_standing(lab: Lab) -> None:
    """Make one follower slow to stand, keep entries from the other, and kill the leader."""
    first = await _until_led(lab)
    slow = next(node for node in lab.nodes if node.name != first)
    text = _with_value(slow.config_file.read_text(), "election_timeout_min_ms", "60000")
    slow.config_file.write_text(_with_value(text, "election_timeout_max_ms", "90000"))
    await lab.restart_node(slow.name)
    async with asyncio.timeout(WITHIN_S):
        while True:
            leader = await _until_led(lab)
            laggard = next(node.name for node in lab.nodes if node.name not in (slow.name, leader))
            await ail(Condition(appends_refused=True), laggard)(lab)
            await asyncio.sleep(BEHIND_S)
            if await lab.leader() == leader:
                break
            await ail(SOUND, laggard)(lab)  # the leader has changed meanwhile
    await lab.kill(leader)


def swap_peer_ids(*names: str) -> Step:
    """Name every node's peers as `id=address`, and on these nodes each id beside the next one's address."""

    async def inject(lab: Lab) -> None:
        for node in lab.nodes:
            ids = [peer.name for peer in lab.nodes if peer is not node]
            at = ids[1:] + ids[:1] if node.name in names else ids
            peers = ", ".join(f'"{id_}={lab.node(peer).raft}"' for id_, peer in zip(ids, at, strict=True))
            node.config_file.write_text(_with_value(node.config_file.read_text(), "peers", f"[{peers}]"))
        await _restart_all(lab)

    return inject


def mistake_ports(*names: str) -> Step:
    """Give these nodes' lists a port at which none of their peers listens."""

    async def inject(lab: Lab) -> None:
        for node in lab.nodes:
            port = 7979 if node.name in names else RAFT_PORT
            peers = ", ".join(f'"{peer.name}:{port}"' for peer in lab.nodes if peer is not node)
            node.config_file.write_text(_with_value(node.config_file.read_text(), "peers", f"[{peers}]"))
        await _restart_all(lab)

    return inject


def expire_certificates(*names: str) -> Step:
    """Let no peer accept these nodes' certificates; connections that stand outlive it, so all restart."""

    async def inject(lab: Lab) -> None:
        await ail(Condition(certificate_expired=True), *names)(lab)
        await _restart_all(lab)

    return inject


def fill_disks(*names: str) -> Step:
    """Leave these nodes' log of record less room than it needs."""

    async def inject(lab: Lab) -> None:
        for name in names:
            resize_disk(lab.node(name).data_folder, FULL_DISK_MIB)

    return inject


async def fill_disk_of_leader(lab: Lab) -> None:
    """Leave the leader's log of record less room than it needs, and wait until another leads alone.

    For seconds two may claim to lead: a higher term cannot be written down, and so is not stepped down for.
    """
    leader = await lab.leader()
    if leader is None:
        return
    await fill_disks(leader)(lab)
    async with asyncio.timeout(WITHIN_S):
        while leader in await _claiming(lab) or not await lab.leader():  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)


async def _until_led(lab: Lab) -> str:
    """Wait until somebody leads, and return who."""
    while (leader := await lab.leader()) is None:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.05)
    return leader


async def _claiming(lab: Lab) -> list[str]:
    return [name for _, name in await lab.claims()]


async def _restart_all(lab: Lab) -> None:
    await asyncio.gather(*(lab.restart_node(node.name) for node in lab.nodes))


def _with_value(text: str, key: str, value: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(f"{key} = {value}\n" if line.startswith(f"{key} =") else line for line in lines)
