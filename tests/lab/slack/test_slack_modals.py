"""A person's stack of modals, and the one Home tab."""

import pytest

from lab.slack.modals import Homes, Modals
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import home, modal, plain

ALICE, BOB = "U0ALICE001", "U0BOB00001"


@pytest.fixture
def modals() -> Modals:
    return Modals(lambda: None)


def test_three_views_stand_on_each_other_and_no_fourth(modals: Modals) -> None:
    first = modals.open(ALICE, modal())
    second, third = modals.push(ALICE, modal()), modals.push(ALICE, modal())
    assert (third.root_id, third.previous_id) == (first.id, second.id)
    with pytest.raises(SlackRefusalError, match="push_limit_reached"):
        modals.push(ALICE, modal())
    modals.close(third)
    assert modals.top(ALICE) == second
    modals.push(ALICE, modal())


def test_opening_takes_the_place_of_the_whole_stack(modals: Modals) -> None:
    modals.open(ALICE, modal())
    modals.push(ALICE, modal())
    only = modals.open(ALICE, modal(title=plain("New")))
    modals.close(only)
    assert modals.top(ALICE) is None


def test_an_external_id_is_taken_while_its_view_is_open(modals: Modals) -> None:
    shown = modals.open(ALICE, modal(external_id="plan-1"))
    with pytest.raises(SlackRefusalError, match="duplicate_external_id"):
        modals.open(BOB, modal(external_id="plan-1"))
    assert modals.find(external_id="plan-1") == shown
    modals.clear(ALICE)
    modals.open(BOB, modal(external_id="plan-1"))


def test_an_update_needs_the_newest_hash(modals: Modals) -> None:
    shown = modals.open(ALICE, modal())
    changed = modals.update(shown, modal(), shown.hash)
    with pytest.raises(SlackRefusalError, match="hash_conflict"):
        modals.update(changed, modal(), shown.hash)
    modals.close(changed)
    with pytest.raises(SlackRefusalError, match="not_found"):
        modals.find(changed.id)


def test_a_home_tab_keeps_its_id_and_is_one_persons() -> None:
    homes = Homes(lambda: None)
    first = homes.publish(ALICE, home())
    second = homes.publish(ALICE, home(), first.hash)
    assert (second.id, homes.of(ALICE), homes.of(BOB)) == (first.id, second, None)
    with pytest.raises(SlackRefusalError, match="hash_conflict"):
        homes.publish(BOB, home(), "a hash of nothing")
