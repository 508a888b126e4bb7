"""What people see in a terminal, by its width, its colours and the size of the cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from bot.cli.screens.agents import Greeted, agents
from bot.cli.screens.checks import line, verdict
from bot.cli.screens.diagnosis import diagnosis
from bot.cli.screens.month import month
from bot.cli.screens.posture import posture
from bot.cli.screens.replay import JudgedAgain, replay
from bot.cli.terminal import Look
from runbooks import leader_election
from runbooks.evidence import Evidence, Role
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from tests.bot.incidents import quorum_loss
from tests.bot.months import busy
from tests.builders import NOON, cut_off, dead, evidence, missing, node, silent

Screen = Callable[[Look], Iterator[RenderableType]]
ESCAPES = re.compile("\x1b\\[[0-9;]*m")
HOSTILE = "\x1b]52;c;cm0gLXJmIC8=\x07\x1b[2J\u202egnp"
WIDE = ("東京-一号機", "node2", "대전")
MANY = tuple(f"node{number}" for number in range(1, 52))


def seen(screen: Screen, width: int, *, colour: bool = False) -> str:
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=True,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
    with console.capture() as captured:
        for part in screen(Look(is_plain=False, width=width)):
            console.print(part)
    return captured.get()


def of(read: Evidence) -> Screen:
    return partial(diagnosis, read, leader_election.diagnose(read))


def large() -> Evidence:
    """51 nodes: ten are down, eight more are cut off, and no two clocks say the same."""
    cuts = cut_off(*MANY[10:18], among=MANY)
    running = [
        node(name, names=MANY, role=Role.CANDIDATE, offset_ms=float(place), cuts=cuts)
        for place, name in enumerate(MANY[10:])
    ]
    return evidence(*(dead(name, names=MANY) for name in MANY[:10]), *running)


def wide() -> Evidence:
    """Three nodes whose names are of wide characters, one of them cut off from another."""
    cuts = {("東京-一号機", "node2"): "timeout"}
    return evidence(*(node(name, names=WIDE, cuts=cuts) for name in WIDE))


SCREENS: dict[str, Screen] = {
    "three nodes": of(quorum_loss()),
    "51 nodes": of(large()),
    "posture": partial(posture, judge(quorum_loss(), Inventory())),
    "agents": partial(
        agents, [Greeted("demo", "node1", "https://node1:7880", f"sha256:{'a' * 64}", "no answer")]
    ),
    "check": partial(line, "wrong", "wrong: ", "user group S0GONE0001: Slack has none of that id"),
    "in all": partial(verdict, 1, 2, 3),
    "month": partial(month, busy()),
    "wide names": of(wide()),
    "replay": partial(
        replay, [JudgedAgain(NOON, "Cannot elect: node2 stopped.", ("quorum_loss: likely then",))]
    ),
}


@pytest.mark.parametrize("width", [30, 44, 60, 80, 120, 200])
@pytest.mark.parametrize("name", SCREENS)
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    lines = seen(SCREENS[name], width).splitlines()
    assert lines
    assert max(map(cell_len, lines)) <= width


def test_fifty_one_nodes_fold_to_one_screen() -> None:
    shown = seen(SCREENS["51 nodes"], 120).splitlines()
    assert len(shown) <= 40
    assert any("node1, node2" in each for each in shown)
    assert any("ruled out: " in each for each in shown)


def test_of_many_agents_the_silent_ones_are_shown() -> None:
    found = [Greeted("demo", name, f"https://{name}:7880", "not paired", None) for name in MANY]
    found[3] = Greeted("demo", "node4", "https://node4:7880", "not paired", "no answer within 2 s")
    shown = seen(partial(agents, found), 100)
    assert "no answer within 2 s" in shown
    assert "50 agents of 1 cluster answer" in shown
    assert len(shown.splitlines()) < 10


def test_names_in_wide_characters_stand_in_columns() -> None:
    frames = [each for each in seen(of(wide()), 100).splitlines() if each.startswith(("│", "├", "╭", "╰"))]
    assert any("東京-一号機" in each for each in frames)
    tables = "\n".join(frames).split("╭")[2:]
    for table in tables:
        assert len({cell_len(each) for each in f"╭{table}".splitlines()}) == 1


def test_how_sure_a_cause_is_is_told_by_a_word_and_by_a_colour() -> None:
    coloured = seen(SCREENS["three nodes"], 100, colour=True)
    assert "\x1b[1;31mconfirmed: " in coloured
    assert "\x1b[2mruled out: " in coloured
    assert ESCAPES.sub("", coloured) == seen(SCREENS["three nodes"], 100)


def test_what_is_fine_shares_a_table_below_what_is_not() -> None:
    shown = seen(SCREENS["posture"], 120)
    assert shown.index("critical: Fault tolerance") < shown.index("Packet loss")


def test_what_a_silent_agent_keeps_from_being_checked_is_one_line() -> None:
    read = judge(evidence(node("node1"), node("node2"), silent("node3")), Inventory())
    for width in (80, 120):
        shown = " ".join(seen(partial(posture, read), width).split())
        assert shown.count("11 checks could not be made for want of the agent on node3: see Agents") == 1
        assert "Links (links), Packet loss (link-loss)" in shown
        assert shown.count("do: see Agents") == 1, "of the fault tolerance, of which something is known"


def test_row_11_no_order_to_a_terminal_comes_through_a_table() -> None:
    hostile = evidence(node(HOSTILE, names=(HOSTILE, "b", "c"), clock=missing(HOSTILE)), dead("b"), node("c"))
    for screen in (
        of(hostile),
        partial(agents, [Greeted(*[HOSTILE] * 5)]),
        partial(line, "wrong", "wrong: ", HOSTILE),
        partial(replay, [JudgedAgain(NOON, HOSTILE, (HOSTILE,))]),
    ):
        for width in (40, 120):
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", seen(screen, width))
