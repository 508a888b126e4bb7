"""A posture in Slack: foreign words are inert, mutes and ages are shown, many clusters stay one page."""

from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest

from bot.slack.views import app_home, posture
from handlers.domain.posture.watch import Held, Mute, Standing, dated
from handlers.domain.undetermined import Judgement, Undetermined
from lab.slack.limits import check_message
from lab.slack.plain_text import plain_text
from runbooks.evidence import Clock
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory
from runbooks.posture.model import Check, Line, Posture, Severity
from tests.bot import incidents
from tests.builders import ALICE, NOON, dead, evidence, healthy, known, missing, node, silent

COLUMNS, SCREEN_LINES = 100, 45
"""What a laptop shows of one message: characters before a line is broken, and lines."""

LARGE = incidents.with_many_nodes()
SHORT_OF_ONE = judge(evidence(*healthy()[:2], dead("node3")), Inventory())


def test_what_a_node_says_of_itself_pings_nobody_and_links_nowhere() -> None:
    source = "<!channel> <https://evil|click> *bold*"
    clock = Clock(offset_ms=0, error_ms=1, synchronised=True, source=source)
    read = evidence(*(node(name, clock=known(clock)) for name in ("node1", "node2", "node3")))
    versions = dict.fromkeys(read.names, "<@U0ALICE001>")
    _, blocks = posture.answer(judge(read, Inventory(agent_versions=versions, bot_version="1")))
    said = json.dumps(blocks)
    assert "&lt;!channel&gt;" in said
    assert not any(mark in said for mark in ("<!", "<http", "<@"))


@pytest.mark.parametrize("what", LARGE)
def test_of_51_nodes_it_stays_one_screen_whatever_is_wrong(what: str) -> None:
    text, blocks = posture.answer(judge(LARGE[what], Inventory()))
    check_message({"text": text, "blocks": blocks})
    lines = plain_text({"blocks": blocks}).splitlines()
    wrapped = sum(max(math.ceil(len(line) / COLUMNS), 1) for line in lines)
    assert wrapped <= SCREEN_LINES


def test_a_line_says_since_when_it_holds_and_who_muted_it_until_when() -> None:
    held = {Check.SPARE_NODES: Held(severity=Severity.WARNING, since=NOON - timedelta(hours=3))}
    mutes = {Check.SPARE_NODES: Mute(until=NOON + timedelta(days=2), by=ALICE)}
    text, blocks = posture.answer(dated(SHORT_OF_ONE, Standing(held=held), mutes))
    assert text.startswith("demo: 1 warning")
    shown = plain_text({"blocks": blocks})
    assert "Since 3 h 00 min. Muted until 2026-11-26 by alice." in shown


def test_the_app_home_shows_the_worst_cluster_first_and_counts_the_rest() -> None:
    fine = judge(evidence(), Inventory())
    many = [fine.model_copy(update={"cluster": f"c{number}"}) for number in range(11)]
    home = app_home.Home("U1", open=(), recent=(), clusters={}, at=NOON, postures=(*many, SHORT_OF_ONE))
    shown = plain_text(app_home.view(home))
    assert shown.index("cannot lose any more nodes") < shown.index("c0")
    assert "and 2 more" in shown


def test_not_one_unknown_line_is_cut_however_many_there_are() -> None:
    names = ", ".join(f"a-node-with-quite-a-long-name-{number}" for number in range(11))
    unread = [
        Line(
            check=check,
            severity=Severity.UNKNOWN,
            fact=f"{check.value} of {names} not read",
            advice="see Agents",
        )
        for check in Check
    ]
    _, blocks = posture.answer(Posture(cluster="demo", at=NOON, lines=tuple(unread)))
    assert all(len(block["text"]["text"]) <= 3_000 for block in blocks if block["type"] == "section")
    shown = plain_text({"blocks": blocks})
    assert shown.count("Not known") == 1
    for check in Check:
        assert f"{check.value} of" in shown
    assert "…" not in shown


def test_what_is_not_known_for_the_same_reason_is_said_once() -> None:
    unread = missing("chronyc is not installed")
    without_clocks = (node(name, clock=unread) for name in ("node1", "node2", "node3"))
    _, blocks = posture.answer(judge(evidence(*without_clocks), Inventory()))
    shown = plain_text({"blocks": blocks})
    assert shown.count("not read, or not to be believed") == 1
    assert "*Clock offset, Time service, Time sources*: clock of" in shown


def test_what_a_silent_agent_keeps_from_being_checked_is_one_line() -> None:
    _, blocks = posture.answer(judge(evidence(*healthy()[:2], silent("node3")), Inventory()))
    shown = plain_text({"blocks": blocks})
    (line,) = (each for each in shown.splitlines() if each.startswith("• *Links, Packet loss, Round trips, "))
    assert line.endswith("Disk*: 11 checks could not be made for want of the agent on node3: see Agents")
    assert "run `neumann-agent check` on node3" in shown
    assert "whether node3 can vote is not known" in shown, "what is known without it is said"
    assert shown.count("see Agents") == 2


def test_a_cluster_of_which_nothing_is_known_is_not_green_in_the_app_home() -> None:
    undetermined = Undetermined(Judgement.POSTURE, "KeyError").posture("demo", NOON)
    assert posture.home_line(undetermined).startswith(":white_circle:")
    assert posture.home_line(judge(evidence(), Inventory())).startswith(":large_green_circle:")
