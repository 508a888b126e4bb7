"""Each remedy failing at each node and phase: the run stops there, says where, and can be undone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Literal

from lab.live.inside import kill_every_raft
from lab.node.condition import SOUND, write_condition
from measure.chaos.faults import Chaos
from measure.chaos.on_call import OnCall
from measure.chaos.rig import Rig
from measure.chaos.steps import HELD_WITHIN_S
from measure.chaos.timeline import Event
from measure.chaos.traps import until

Phase = Literal[
    "prepare-refused",
    "commit-refused",
    "effect-missing",
    "not-back",
    "link-breaks-after",
    "leader-lost-after",
]
ENDED_WITHIN_S = 180.0
UNDONE_WITHIN_S = 240.0


@dataclass(frozen=True)
class Remedy:
    """A remedy, what it is for, the command it acts by, and on how many nodes of three."""

    name: str
    fault: str
    verb: str
    nodes: int


REMEDIES = (
    Remedy("start_nodes", "quorum-loss", "start", 2),
    Remedy("clock_sync", "clock-skew", "makestep", 2),
    Remedy("config_bump", "aggressive-timeouts", "restart", 3),
)


async def before(rig: Rig, remedy: Remedy, phase: Phase, place: int) -> None:
    """Lay what will make this node fail in this phase, with the plan still on the screen."""
    node = rig.nodes_of_plan()[place]
    if phase == "prepare-refused" and remedy.name == "config_bump":
        edit_by_hand(rig, node)
    elif phase == "commit-refused":
        rig.relays[node].hold_s = 0.4
    elif phase == "effect-missing":
        rig.traps[node].set(remedy.verb, "nothing")
    elif phase != "prepare-refused":
        rig.traps[node].set(remedy.verb, "after")


async def play(rig: Rig, remedy: Remedy, phase: Phase, place: int) -> None:
    """Make it fail, and return when the run has ended."""
    node = rig.nodes_of_plan()[place]
    ended = rig.timeline.until("run_ended", timeout_s=ENDED_WITHIN_S)
    if phase == "prepare-refused" and remedy.name != "config_bump":
        with closing(sqlite3.connect(ledger_file(rig, node), isolation_level=None)) as ledger:
            ledger.execute("BEGIN IMMEDIATE")  # as a disk that takes nothing: the agent cannot write
            await ended
            ledger.execute("ROLLBACK")
        return
    if phase == "commit-refused":
        await until(lambda: "PREPARED" in rig.witness.states(node), ENDED_WITHIN_S, "nothing was prepared")
        await _mend_by_hand(rig, remedy, node)
    elif phase in ("not-back", "link-breaks-after", "leader-lost-after"):
        await rig.traps[node].until_held(HELD_WITHIN_S)
        await _break(rig, phase, node)
        rig.traps[node].release()
    await ended


async def _mend_by_hand(rig: Rig, remedy: Remedy, node: str) -> None:
    """Do by hand what was agreed, while the grant is on its way."""
    if remedy.name == "start_nodes":
        rig.witness.ours_down.add(node)
        await rig.lab.start_node(node)
    elif remedy.name == "clock_sync":
        rig.lab.node(node).set_clock_offset_ms(0.0)
    else:
        edit_by_hand(rig, node)


async def _break(rig: Rig, phase: Phase, node: str) -> None:
    """Break the node right after the effect."""
    if phase == "not-back":
        rig.witness.ours_down.add(node)
        await rig.lab.kill(node)
    elif phase == "link-breaks-after":
        planned = rig.nodes_of_plan()
        other = next(
            (n.name for n in rig.lab.nodes if n.name not in planned), planned[planned.index(node) - 1]
        )
        rig.lab.network.set_mode("drop", [(node, other), (other, node)], ports=("raft",))
    else:
        await kill_every_raft(rig.lab)


async def mend(rig: Rig) -> None:
    """Undo what chaos broke in the cluster, and leave what was wrong with it before."""
    rig.lab.network.set_mode("open")
    for each in rig.lab.nodes:
        write_condition(each.folder, SOUND)
    for node in sorted(rig.witness.ours_down):
        await rig.lab.start_node(node)


def edit_by_hand(rig: Rig, node: str) -> None:
    """Write to the configuration as somebody on the node would."""
    file = rig.lab.node(node).config_file
    file.write_text(file.read_text() + "# noted by hand\n")
    rig.witness.excuse_file(node)


def ledger_file(rig: Rig, node: str) -> str:
    """Return where the node's agent keeps its ledger."""
    return str(rig.lab.node(node).folder / "agent" / "ledger.sqlite3")


async def after(rig: Rig, phase: Phase, place: int) -> list[str]:
    """Return what is wrong with how the run stopped; then press undo, where there is one."""
    node = rig.nodes_of_plan()[place]
    found = list(_stopped_there(rig, node, phase))
    ended = rig.timeline.all("run_ended")[0]
    changed = _files_changed(rig)
    if bool(ended["undo"]) != bool(changed):
        found.append(f"files of {changed or 'no node'} were changed, an undo is {bool(ended['undo'])}")
    if ended["undo"]:
        found += await _undo(rig, changed)
    return found


def _stopped_there(rig: Rig, node: str, phase: Phase) -> Iterator[str]:
    detail: str = rig.timeline.all("run_ended")[0]["detail"]
    if f"at {node}" not in detail and f"after {node}" not in detail:
        yield f"it was to stop at {node}: {detail}"
    word = {"link-breaks-after": "cut now", "leader-lost-after": "no leader"}.get(phase, node)
    if word not in detail:
        yield f"the reason says nothing of {word!r}: {detail}"
    steps = rig.timeline.plan_of(rig.timeline.all("plan_confirmed")[0])["steps"]
    nodes = [step["action"]["node"] for step in steps]
    acted = [nodes[event["index"]] for event in rig.timeline.all("action_finished")]
    if node in acted and set(acted[acted.index(node) :]) != {node}:
        yield f"it went on after {node}: {acted}"


def _files_changed(rig: Rig) -> list[str]:
    """Return the nodes whose file the run wrote to, by their ledgers."""
    entries = rig.witness.ledgers()
    return sorted(e.node for e in entries if e.kind == "set_election_timeouts" and e.state == "DONE")


async def _undo(rig: Rig, changed: list[str]) -> list[str]:
    """Mend the cause, press the undo, and see whether each file is as it was."""
    await mend(rig)
    async with OnCall(rig) as alice:
        await alice.confirm_until_taken(await alice.open_plan("undo"))
    await rig.timeline.until("run_ended", 2, timeout_s=UNDONE_WITHIN_S)
    rig.witness.sample()
    second: Event = rig.timeline.all("run_ended")[1]
    found = [] if second["completed"] else [f"the undo did not complete: {second['detail']}"]
    return found + [
        f"the file of {name} is not as it was"
        for name in changed
        if rig.witness.files[name][-1] != rig.witness.files[name][0]
    ]


def _phases(remedy: Remedy, place: int) -> tuple[Phase, ...]:
    """Return the phases; a leader is demanded only after the last node: before it, its loss stops nothing."""
    every: tuple[Phase, ...] = (
        "prepare-refused",
        "commit-refused",
        "effect-missing",
        "not-back",
        "link-breaks-after",
    )
    return (*every, "leader-lost-after") if place == remedy.nodes - 1 else every


def _failing(remedy: Remedy, place: int, phase: Phase) -> Chaos:
    return Chaos(
        f"{remedy.name}/node-{place + 1}/{phase}",
        partial(play, remedy=remedy, phase=phase, place=place),
        fault=remedy.fault,
        remedy=remedy.name,
        before=partial(before, remedy=remedy, phase=phase, place=place),
        after=partial(after, phase=phase, place=place),
        ends=("stopped",),
    )


async def _nothing(_: Rig) -> None:
    await asyncio.sleep(0)


FAILING: tuple[Chaos, ...] = (
    *(
        Chaos(f"{remedy.name}/works", _nothing, fault=remedy.fault, remedy=remedy.name, ends=("verified",))
        for remedy in REMEDIES
    ),
    *(
        _failing(remedy, place, phase)
        for remedy in REMEDIES
        for place in range(remedy.nodes)
        for phase in _phases(remedy, place)
    ),
)
