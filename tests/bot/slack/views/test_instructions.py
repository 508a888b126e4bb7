"""What a runbook of text says fits into one message of Slack's, whatever its file is allowed to hold."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from pydantic import ValidationError

from bot.slack.views.render import render
from handlers.domain.events.triage import HandOffDrawnUp, HandOffTicked
from handlers.domain.incident import Incident
from lab.slack.limits import check_message
from runbooks.declared import DeclaredRunbook
from tests.bot.incidents import incident
from tests.bot.slack.views.reading_out import as_read
from tests.builders import ALICE, BOB, NOON, alert, evidence, healthy, opened
from tests.runbooks.declared.texts import declared, in_use


def shown(runbook: DeclaredRunbook, *ticks: HandOffTicked) -> Incident:
    drawn_up = HandOffDrawnUp(at=NOON, hand_off=runbook.hand_off(evidence(*healthy())))
    return incident(opened(alert("RootDiskFull"), runbook="disk-full"), drawn_up, *ticks)


def instructions(of: Incident, runbook: DeclaredRunbook) -> str:
    with in_use(runbook):
        (message,) = (each for each in render(of) if each.key == "hand-off")
    check_message(message.body())
    return as_read(list(message.blocks))


def test_text_links_queries_and_steps_are_all_there_and_nothing_of_a_lost_majority() -> None:
    said = instructions(shown(declared()), declared())
    for part in (
        "A disk is full",
        "Neumann stops writing",
        "Do not delete",
        "Dashboard",
        "df -h",
        "2. Move data",
    ):
        assert part in said
    assert "majority" not in said


def test_who_ticked_a_step_and_when_stands_beside_it() -> None:
    runbook = declared()
    one, two = (HandOffTicked(at=NOON, by=by, step="step-2") for by in (ALICE, BOB))
    assert "2. Move data away. _alice, 12:00 UTC; a second person is to tick it_" in instructions(
        shown(runbook, one), runbook
    )
    assert "2. Move data away. _alice, 12:00 UTC; bob, 12:00 UTC_" in instructions(
        shown(runbook, one, two), runbook
    )


@pytest.mark.parametrize("letter", ["x", "&", "*", "`", "ß", "\n"])
def test_as_much_as_a_file_may_hold_is_taken_by_slack(letter: str) -> None:
    given = {
        "never": ["x" * 299] * 6,
        "links": [{"title": "A page", "url": "https://example.org/" + "x" * 200}] * 5,
        "plots": [{"title": "A query", "query": "x" + letter * 100}] * 4,
        "steps": [{"do": "x", "commands": ["x" * 11] * 5}] * 20,
    }
    runbook = largest(letter, given)
    assert instructions(shown(runbook), runbook)


def largest(letter: str, given: dict[str, Any]) -> DeclaredRunbook:
    """The runbook with the longest text of this letter that its file may have."""
    for count in range(8_000, 0, -50):
        with contextlib.suppress(ValidationError):
            return declared(text="x" + letter * count + "x", **given)
    raise AssertionError("no text is short enough")
