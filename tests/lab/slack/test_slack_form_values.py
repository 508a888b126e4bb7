"""What was filled in arrives as Slack sends it, and what Slack's own client refuses never arrives."""

import pytest

from lab.slack.app.payloads import find_element
from lab.slack.block_kit.reading import with_ids
from lab.slack.form_values import missing_fields, state_of
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import Piece, acting, actions, button, field, option, options

CHOSEN = [option("Option 1", "1")]
SELECT = options(3)

# kind of field: (its other properties, what was entered, the entry)
ENTERED: dict[str, tuple[Piece, object, Piece]] = {
    "plain_text_input": ({}, "why", {"value": "why"}),
    "static_select": (SELECT, "1", {"selected_option": CHOSEN[0]}),
    "checkboxes": (SELECT, ["1"], {"selected_options": CHOSEN}),
    "users_select": ({}, "U1", {"selected_user": "U1"}),
}
INITIAL: dict[str, Piece] = {
    "plain_text_input": {"initial_value": "why"},
    "static_select": {**SELECT, "initial_option": CHOSEN[0]},
    "checkboxes": {**SELECT, "initial_options": CHOSEN},
    "users_select": {"initial_user": "U1"},
}


@pytest.mark.parametrize("kind", ENTERED)
def test_every_kind_of_field_is_sent_as_it_was_filled_in(kind: str) -> None:
    more, entered, entry = ENTERED[kind]
    blocks = with_ids([field(acting(kind, **more), block_id="b")])
    state = state_of(blocks, {"b": entered})
    assert state == {"b": {kind: {"type": kind, **entry}}}
    assert missing_fields(blocks, state) == {}
    emptied = state_of(blocks, {kind: [] if isinstance(entered, list) else ""})
    assert missing_fields(blocks, emptied) == {"b": "Please complete this required field."}


@pytest.mark.parametrize("kind", INITIAL)
def test_a_field_that_was_left_alone_keeps_what_stood_in_it(kind: str) -> None:
    blocks = with_ids([field(acting(kind, **INITIAL[kind]), block_id="b")])
    _, _, entry = ENTERED[kind]
    assert state_of(blocks, {}) == {"b": {kind: {"type": kind, **entry}}}


MENDS: dict[str, tuple[Piece, str, str]] = {
    "Please enter at least 3 characters.": (acting("plain_text_input", min_length=3), "abc", "ab"),
    "Please enter no more than 3 characters.": (acting("plain_text_input", max_length=3), "abc", "abcd"),
}


@pytest.mark.parametrize("mend", MENDS)
def test_the_client_says_the_mend_before_the_app_is_asked(mend: str) -> None:
    element, taken, refused = MENDS[mend]
    blocks = with_ids([field(element, block_id="b")])
    assert missing_fields(blocks, state_of(blocks, {"b": taken})) == {}
    assert missing_fields(blocks, state_of(blocks, {"b": refused})) == {"b": mend}


def test_a_click_tells_what_was_chosen_and_no_option_can_be_made_up() -> None:
    blocks = with_ids([actions(button(value="handle"), acting("static_select", **SELECT), block_id="b")])
    located = [(block, None) for block in blocks]
    pressed = find_element(located, "b", "go").action("ignored")
    assert (pressed["value"], "action_ts" in pressed) == ("handle", True)
    select = find_element(located, "b", "static_select")
    assert select.action("1")["selected_option"]["text"]["text"] == "Option 1"
    with pytest.raises(SlackRefusalError, match="invalid_option"):
        select.action("made up")
    with pytest.raises(SlackRefusalError, match="action_not_found"):
        find_element(located, "b", "gone")
