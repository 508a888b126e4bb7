"""The runbooks of text that ship with the bot: they load, keep to the contract, and warn where it matters."""

from __future__ import annotations

import re

import pytest

from bot import declared_runbooks
from bot.slack.views.render import render
from handlers.domain.events.triage import HandOffDrawnUp
from handlers.domain.fold import fold
from lab.slack.limits import check_message
from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems
from tests.builders import NOON, alert, evidence, healthy, opened
from tests.runbooks.declared.texts import in_use

NAMES = ("backup-restore", "cluster-upgrade")


def test_these_ship_and_none_is_used_unless_it_is_named() -> None:
    assert tuple(declared_runbooks.shipped()) == NAMES
    assert not RUNBOOKS.keys() & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_keeps_to_the_contract(name: str) -> None:
    runbook = declared_runbooks.read(declared_runbooks.shipped()[name])
    assert name == runbook.NAME
    assert list(problems(runbook, RUNBOOKS, [evidence(*healthy())])) == []


@pytest.mark.parametrize("name", NAMES)
def test_slack_takes_its_thread_and_every_step_is_in_it(name: str) -> None:
    runbook = declared_runbooks.read(declared_runbooks.shipped()[name])
    read = evidence(*healthy())
    drawn_up = HandOffDrawnUp(at=NOON, hand_off=runbook.hand_off(read))
    with in_use(runbook):
        messages = render(fold("inc-1", [opened(alert(min(runbook.ALERTS)), runbook=name), drawn_up]))
        for message in messages:
            check_message(message.body())
    shown = str([message.blocks for message in messages])
    numbers = re.findall(r":white_large_square: (\d+)\. ", shown)
    assert [str(n) for n, _ in enumerate(runbook.document.steps, start=1)] == numbers
    assert "*Never*" in shown


def test_a_restore_is_decided_by_two_and_never_over_data_that_is_not_copied() -> None:
    given = declared_runbooks.read(declared_runbooks.shipped()["backup-restore"]).document
    assert [step.people for step in given.steps if step.people > 1] == [2]
    copied, restored = (
        next(n for n, step in enumerate(given.steps) if words in step.do)
        for words in ("copy each", "restore by")
    )
    assert copied < restored


def test_an_upgrade_waits_until_a_node_is_healthy_before_the_next() -> None:
    given = declared_runbooks.read(declared_runbooks.shipped()["cluster-upgrade"]).document
    commands = [command for step in given.steps for command in step.commands]
    assert commands.index("neumann cluster wait-healthy") < commands.index(
        "neumann raft transfer-leadership --to NODE"
    )
