"""Faults that are made and not told: what each does to a lab, and how it is undone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lab.cluster.cluster import Lab
from lab.node.condition import SOUND, Condition, write_condition

Step = Callable[[Lab], Awaitable[None]]

# Measured on links of 200 ± 60 ms one way: 150-300 ms never holds a leader, 2000-4000 ms does.
SLOW_LINK_MS, SLOW_LINK_JITTER_MS = 200.0, 60.0
BREAK_S = 0.6
HOUR_US = 3_600_000_000
# The first clock is almost right; the others lie ever further ahead and behind, any two by more than 500 ms.
NEAR_MS, AHEAD_MS, BEHIND_MS = 40.0, 2400.0, -1900.0


@dataclass(frozen=True)
class Fault:
    """One way to lose the leader, or a node.

    `heals_itself` says that no action of a bot can end it: the lab heals it once the findings are told.
    `verdict` is how sure the thread is to be of it.
    """

    name: str
    summary: str
    inject: Step
    heal: Step
    heals_itself: bool = False
    verdict: str = "confirmed"


async def _slow_links(lab: Lab) -> None:
    lab.network.set_delay(SLOW_LINK_MS, SLOW_LINK_JITTER_MS, ports=("raft", "ping"))
    # Late heartbeats come as evenly as before, and a sitting leader may stay: what ends it is a break.
    lab.network.set_mode("refuse", ports=("raft",))
    await asyncio.sleep(BREAK_S)
    lab.network.set_mode("open", ports=("raft",))


async def _fast_links(lab: Lab) -> None:
    lab.network.set_delay(0.0, ports=("raft", "ping"))


async def _skew_clocks(lab: Lab) -> None:
    lab.node(lab.nodes[0].name).set_clock_offset_ms(NEAR_MS)
    for number, node in enumerate(lab.nodes[1:]):
        step_ms = BEHIND_MS if number % 2 else AHEAD_MS
        lab.node(node.name).set_clock_offset_ms(step_ms * (1 + number // 2))


async def _set_clocks(lab: Lab) -> None:
    for node in lab.nodes:
        lab.node(node.name).set_clock_offset_ms(0.0)


async def _cut_links(lab: Lab) -> None:
    lab.network.set_mode("drop")


async def _join_links(lab: Lab) -> None:
    lab.network.set_mode("open")


async def _kill_quorum(lab: Lab) -> None:
    leader = await lab.leader()
    order = sorted((node.name for node in lab.nodes), key=lambda name: name != leader)
    for name in order[: len(order) // 2 + 1]:
        await lab.kill(name)


async def _start_all(lab: Lab) -> None:
    for node in lab.nodes:
        if not lab.is_running(node.name):
            await lab.start_node(node.name)


async def _kill_follower(lab: Lab) -> None:
    await lab.kill(await _follower(lab))


async def _stop_applying(lab: Lab) -> None:
    stuck = lab.node(await _follower(lab))
    service = lab.services[stuck.name]
    # Of a process that was just started nobody could say that it is stuck: it may be replaying its log.
    service.started_monotonic_us = max(service.started_monotonic_us - HOUR_US, 1)
    pid = service.pid
    for node in lab.nodes:
        write_condition(node.folder, Condition(is_busy=True))
    write_condition(stuck.folder, Condition(applies_nothing=True, of_pid=pid))


async def _stop_hearing(lab: Lab) -> None:
    leader = await lab.leader()
    if leader is None:
        raise LookupError("Nobody leads, so nobody can go on calling itself leader.")
    dead = Condition(raft_task_dead=True, of_pid=lab.services[leader].pid)
    write_condition(lab.node(leader).folder, dead)


async def _near_memory_limit(lab: Lab) -> None:
    write_condition(lab.node(await _follower(lab)).folder, Condition(memory_share=0.93))


async def _deadlock(lab: Lab) -> None:
    write_condition(lab.node(await _follower(lab)).folder, Condition(deadlocks_per_s=12.0))


async def _follower(lab: Lab) -> str:
    leader = await lab.leader()
    return next(node.name for node in lab.nodes if node.name != leader)


async def _make_sound(lab: Lab) -> None:
    for node in lab.nodes:
        write_condition(node.folder, SOUND)


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "aggressive-timeouts",
            "The links between the nodes break for a moment and come back too slow for the timeouts.",
            _slow_links,
            _fast_links,
        ),
        Fault(
            "clock-skew",
            "The nodes' clocks drift apart by seconds, and each holds the others failed.",
            _skew_clocks,
            _set_clocks,
        ),
        Fault(
            "memory-unexplained",
            "A follower takes most of the memory that it may, and nobody knows yet whether it grows.",
            _near_memory_limit,
            _make_sound,
            heals_itself=True,
            verdict="undetermined",
        ),
        Fault(
            "network-partition",
            "Every node is cut off from every other: Raft, gossip and ping are dropped.",
            _cut_links,
            _join_links,
            heals_itself=True,
        ),
        Fault(
            "node-behind",
            "A follower's process takes every entry and applies none any more.",
            _stop_applying,
            _make_sound,
        ),
        Fault(
            "node-down",
            "A follower's process is killed, nothing restarts it, and the others lead on.",
            _kill_follower,
            _start_all,
        ),
        Fault(
            "quorum-loss",
            "The leader's process and a follower's are killed, and nothing restarts them.",
            _kill_quorum,
            _start_all,
        ),
        Fault(
            "stale-leader",
            "Raft dies inside the leader's process, which goes on calling itself leader while others elect.",
            _stop_hearing,
            _make_sound,
        ),
        Fault(
            "victims-not-aborted",
            "Transactions deadlock on a follower, and none of them is aborted.",
            _deadlock,
            _make_sound,
            heals_itself=True,
            verdict="likely",
        ),
    )
}
