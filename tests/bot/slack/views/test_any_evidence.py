"""Whatever the fields of evidence hold, it is kept, read again, shown and drawn."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.pictures.draw import draw_link_map
from bot.pictures.drawing.picture import Picture
from bot.slack.views import findings
from bot.slack.views.render import render
from handlers import judging
from handlers.domain.events import EVENT
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.fold import fold
from runbooks import leader_election
from runbooks.evidence import Evidence
from tests.any_evidence import any_evidence, disturbed
from tests.bot.slack.views.everything import check_everything
from tests.builders import NOON, dead, evidence, node, opened


def made(seed: int) -> Evidence:
    chance = Random(seed)
    lost = evidence(node("node1"), dead("node2"), node("node3"))
    return any_evidence(chance) if seed % 2 else disturbed(lost, chance)


some_evidence = st.integers(0, 1_000_000).map(made)


@given(some_evidence)
def test_row_12_whatever_was_read_and_judged_is_kept_and_read_again(read: Evidence) -> None:
    ranked = FindingsRanked(at=NOON, diagnosis=leader_election.diagnose(read))
    for event in (EvidenceRead(at=NOON, evidence=read), ranked):
        assert EVENT.validate_json(EVENT.dump_json(event)) == event


@settings(max_examples=60)
@given(some_evidence)
def test_row_12_whatever_was_read_is_shown_within_slacks_limits(read: Evidence) -> None:
    judging._logged.clear()
    with capture_logs() as logs:
        assert check_everything(read)
    assert logs == [], "a part of the thread that cannot be drawn says so in its place; here all can"


@settings(max_examples=15)
@given(st.integers(0, 1_000_000))
async def test_row_12_whatever_was_read_is_drawn(seed: int) -> None:
    read = made(seed)
    assert isinstance(await draw_link_map(read, leader_election.diagnose(read)), Picture)


async def test_row_12_a_part_that_cannot_be_drawn_says_so_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raises(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(findings, "message", raises)
    read = evidence()
    told = (opened(), EvidenceRead(at=NOON, evidence=read))
    ranked = FindingsRanked(at=NOON, diagnosis=leader_election.diagnose(read))
    headline, shown = render(fold("inc-1", (*told, ranked)))
    assert (headline.key, shown.key) == ("headline", "findings")
    assert shown.text.startswith("Undetermined: this part of the thread failed (ZeroDivisionError).")
    assert "secret" not in str(shown)
