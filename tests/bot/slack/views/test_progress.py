"""While nodes are being read: a task for each, a bar where that is no help, and neither once all is there."""

from __future__ import annotations

import pytest

from bot.nodes.agent_evidence import still_reading
from bot.slack.views import progress
from bot.slack.views.render import render
from handlers.domain.fold import fold
from lab.slack.limits import check_message
from lab.slack.plain_text import blocks_text
from runbooks.evidence import Evidence
from tests.bot import incidents
from tests.bot.slack.views.everything import opening
from tests.builders import NOON, node, silent


def partly(count: int, awaited: int) -> Evidence:
    """A reading of so many nodes, of which the last ones are awaited."""
    names = [f"node{number}" for number in range(1, count + 1)]
    read = [node(name, names=names) for name in names[: count - awaited]]
    waiting = [still_reading(name) for name in names[count - awaited :]]
    return Evidence(cluster="demo", started_at=NOON, complete=False, nodes=(*read, *waiting))


def test_each_node_is_a_task_that_says_what_came() -> None:
    read = partly(3, awaited=1)
    told = read.model_copy(update={"nodes": (read.nodes[0], silent("node2"), read.nodes[2])})
    assert blocks_text(progress.plan(told)).splitlines() == [
        "2 of 3 nodes read, still being read: node3",
        "[x] node1",
        "    follower, term 7",
        "[!] node2",
        "    no answer within 2 s",
        "[~] node3",
    ]


def test_the_bar_says_how_many_and_for_whom_it_waits() -> None:
    (bar,) = progress.bar(partly(5, awaited=3))
    assert blocks_text([bar]) == (
        ":hourglass_flowing_sand: ▓▓▓▓░░░░░░ 2 of 5 nodes read, still being read: node3, node4 and node5"
    )


def test_of_many_nodes_there_is_a_bar_alone() -> None:
    read = partly(51, awaited=20)
    assert progress.plan(read) == []
    assert "31 of 51 nodes read" in blocks_text(progress.bar(read))


@pytest.mark.parametrize("read", [incidents.quorum_loss(), incidents.unknown()])
def test_once_all_has_been_tried_there_is_neither(read: Evidence) -> None:
    assert progress.plan(read) == progress.bar(read) == []


def test_the_findings_begin_with_it_and_have_the_bar_in_reserve() -> None:
    (_, findings) = render(fold("inc-7", opening(partly(3, awaited=1))))
    assert findings.blocks[0]["type"] == "plan"
    assert findings.plain[0]["type"] == "context"
    assert findings.blocks[1:] == findings.plain[1:]
    for plainly in (False, True):
        check_message(findings.body(plainly=plainly))


def test_nothing_that_is_still_awaited_is_said_not_to_have_been_read() -> None:
    (_, findings) = render(fold("inc-7", opening(partly(3, awaited=1))))
    assert "not read" not in blocks_text(list(findings.blocks))
