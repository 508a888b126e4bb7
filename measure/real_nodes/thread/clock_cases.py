"""Clocks that are off for real, which takes kernels of their own: what a person confirms, and is refused."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict

from agent.actions.clock_step import MAX_ERROR_SHARE
from agent.protocol import Clock
from agent.readings.chrony import parse_tracking
from bot import clients
from bot.config import load
from lab.node.condition import CONDITION_FILE, Condition
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.stage import CHANNEL
from measure.real_nodes.cases import Result
from measure.real_nodes.machine import Machine
from measure.real_nodes.thread.bed import Bed
from runbooks.clocks import MAX_SKEW_MS
from tests.waiting import until

MACHINES = ("node2", "node3")
"""Two of three: while one clock alone is off, the other two nodes go on electing."""

RIGHT_MS = 50.0
FOUND_WITHIN_S, SETTLED_WITHIN_S = 180.0, 300.0
CHRONY = "/etc/chrony/chrony.conf"
SLEW_SLOWLY = (
    f"sed -i /maxslewrate/d {CHRONY}; echo maxslewrate 1000 >>{CHRONY}; systemctl restart chrony;"
    " chronyc waitsync 100 0 0 1; chronyc makestep"
)
"""By at most 1 ms a second; by default it is 83 ms, and 5 s are gone in a minute."""

CONDITION = f"/var/lib/neumann/{CONDITION_FILE}"
TRANSACTIONS = 3


async def stepped(bed: Bed) -> Result:
    """Clocks 5 s ahead and 5 s behind, which chrony slews by 1 ms a second: both are stepped."""
    return await _stepped(bed, {"node2": 5.0, "node3": -5.0})


async def stepped_by_little(bed: Bed) -> Result:
    """Clocks 0.7 s ahead and 0.7 s behind: both are stepped."""
    return await _stepped(bed, {"node2": 0.7, "node3": -0.7})


async def stepped_by_two(bed: Bed) -> Result:
    """A clock 20 s behind, beside one 5 s ahead: a second person approves the plan."""
    async with Person(bed.desk.slack.url, "carol", CHANNEL) as second:
        return await _stepped(bed, {"node2": 5.0, "node3": -20.0}, second)


async def stepped_beside_a_leader(bed: Bed) -> Result:
    """Two clocks off, and somebody steps one by hand: the other's node stands against the leader there is.

    One alone from the start would not do: alerts run ten times as fast here, and these nodes do not.
    """
    await _put_off(bed, {"node2": 5.0, "node3": -5.0})
    await bed.desk.message("findings", "Clock skew", FOUND_WITHIN_S)
    await _settled(bed, MACHINES)
    await bed.on("node2", "chronyc makestep")
    lead = await until(lambda: _the_leader(bed), "a leader", deadline_s=FOUND_WITHIN_S, poll_s=1)
    await bed.desk.message("findings", "A leader exists", FOUND_WITHIN_S)
    loop = await bed.desk.loop("clock_sync")
    stepped_alone = "node3: " in loop.run and "node2: step" not in loop.run
    right = stepped_alone and "Every action is done" in loop.run
    return Result(right, f"{lead} led meanwhile; {loop.run}; {loop.end.splitlines()[0]} {loop.took_s:.0f} s")


async def stepped_back_once_idle(bed: Bed) -> Result:
    """A clock 5 s ahead on a node with transactions: refused; once they have ended, it is set back."""
    busy = json.dumps(asdict(Condition(transactions=TRANSACTIONS)))
    await _put_off(bed, {"node2": 5.0, "node3": -5.0})
    await bed.on("node2", f"echo '{busy}' >{CONDITION}.new; mv {CONDITION}.new {CONDITION}")
    await _settled(bed, MACHINES)
    await bed.desk.confirm("clock_sync")
    stopped = plain_text(await bed.desk.stopped_run())
    refusal = next((line for line in stopped.splitlines() if f"it has {TRANSACTIONS}" in line), "")
    was = (await _clocks(bed, ["node2"]))["node2"]
    await bed.on("node2", f"rm {CONDITION}")
    loop = await bed.desk.loop("clock_sync")
    right = bool(refusal) and was.offset_ms > MAX_SKEW_MS and "Every action is done" in loop.run
    kept = f"node2 then {_ms(was.offset_ms, was.error_ms)}"
    said = f"{refusal or stopped}; {kept}; idle: {loop.end.splitlines()[0]}"
    return Result(right, said)


async def _put_off(bed: Bed, off_by_s: Mapping[str, float]) -> None:
    """Begin with clocks that are right, then set these off."""
    await asyncio.gather(*(bed.on(name, SLEW_SLOWLY, timeout_s=SETTLED_WITHIN_S) for name in MACHINES))
    await until(lambda: _are_right(bed), "clocks that are right", deadline_s=SETTLED_WITHIN_S, poll_s=1)
    await bed.well()
    bed.desk.turn()
    await asyncio.gather(
        *(asyncio.to_thread(_machine(bed, name).put_clock_off, by_s) for name, by_s in off_by_s.items())
    )


async def _stepped(bed: Bed, off_by_s: Mapping[str, float], second: Person | None = None) -> Result:
    await _put_off(bed, off_by_s)
    began = time.monotonic()
    await bed.desk.message("findings", "Clock skew", FOUND_WITHIN_S)
    found_s = time.monotonic() - began
    clocks = await _settled(bed, off_by_s)
    settled_s = time.monotonic() - began
    loop = await bed.desk.loop("clock_sync", second)
    closed_s = time.monotonic() - began
    looks = await until(lambda: _right_looks(bed), "looks that show right clocks", deadline_s=FOUND_WITHIN_S)
    chrony = [f"{name} {_ms(clock.offset_ms, clock.error_ms)}" for name, clock in clocks.items()]
    bot = [f"{name} {_ms(*look)}" for name, look in looks.items()]
    said = (
        f"found after {found_s:.0f} s; settled after {settled_s:.0f} s ({', '.join(chrony)}); pressed"
        f" {bed.desk.presses} times; closed after {closed_s:.0f} s; the bot's look then: {', '.join(bot)}"
    )
    return Result("Every action is done" in loop.run, said)


async def _settled(bed: Bed, names: Collection[str]) -> Mapping[str, Clock]:
    """Wait until each agent would take an order to step its own clock, and the findings know of it."""

    async def are_settled() -> Mapping[str, Clock]:
        clocks = await _clocks(bed, names)
        settled = all(
            abs(clock.offset_ms) - clock.error_ms > MAX_SKEW_MS
            and clock.error_ms <= min(MAX_ERROR_SHARE * abs(clock.offset_ms), MAX_SKEW_MS / 2)
            for clock in clocks.values()
        )
        return clocks if settled else {}

    clocks: Mapping[str, Clock] = await until(
        are_settled, "settled clocks", deadline_s=SETTLED_WITHIN_S, poll_s=1
    )
    await until(lambda: _read_since(bed), "a reading of settled clocks", deadline_s=FOUND_WITHIN_S, poll_s=1)
    return clocks


def _ms(ms: float, error_ms: float) -> str:
    return f"{ms:+,.1f} ± {error_ms:.1f} ms"


def _machine(bed: Bed, name: str) -> Machine:
    """Return a node whose clock is its own: a container would have none to set but this host's."""
    host = bed.nodes[name]
    assert isinstance(host, Machine)
    return host


async def _clocks(bed: Bed, names: Collection[str]) -> dict[str, Clock]:
    """Return what chrony says on these machines."""
    said = await asyncio.gather(*(bed.on(name, "chronyc -c tracking") for name in names))
    return {name: parse_tracking(line) for name, line in zip(names, said, strict=True)}


async def _the_leader(bed: Bed) -> str:
    """Return who alone says that it leads; empty where nobody or several do."""
    claims = await bed.claims()
    return claims.pop() if len(claims) == 1 else ""


async def _are_right(bed: Bed) -> bool:
    clocks = await _clocks(bed, MACHINES)
    return all(abs(clock.offset_ms) + clock.error_ms < RIGHT_MS for clock in clocks.values())


async def _read_since(bed: Bed) -> bool:
    """Return whether the findings know every clock: one that was set back follows no source for a while."""
    return "no source" not in plain_text(await bed.desk.message("findings", "Clock skew", FOUND_WITHIN_S))


async def _right_looks(bed: Bed) -> dict[str, tuple[float, float]]:
    """Return by how many ms the bot sees each clock ahead, and within which bound; none while one may be off.

    A look at an emulated processor that has much to do has a wide bound.
    """
    settings = load(bed.desk.config)
    async with clients.reader(settings) as (reader, _):
        evidence = await reader.read(settings.clusters[0].name)
    looks = {node.node: node.wall_clock.value for node in evidence.nodes if node.wall_clock}
    found = {name: (look.ahead_ms, look.error_ms) for name, look in looks.items() if look}
    right = all(abs(ahead_ms) + error_ms < MAX_SKEW_MS for ahead_ms, error_ms in found.values())
    return found if right else {}


CASES = (stepped, stepped_by_little, stepped_by_two, stepped_beside_a_leader, stepped_back_once_idle)
