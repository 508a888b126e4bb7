"""Every limit of a whole message or view: what stands just inside is taken, just outside refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.slack.limits import check_message, check_view
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import (
    DIVIDER,
    Piece,
    actions,
    button,
    field,
    form,
    home,
    modal,
    mrkdwn,
    plain,
    plan,
    section,
)

MESSAGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no_text": ({"text": "x"}, {"text": "", "blocks": []}),
    "msg_too_long": ({"text": "x" * 40_000}, {"text": "x" * 40_001}),
    "invalid_blocks": ({"blocks": [DIVIDER] * 50}, {"blocks": [DIVIDER] * 51}),
    "msg_blocks_too_long": (
        {"blocks": [section(text=mrkdwn("x" * 3000))] * 4},
        {"blocks": [section(text=mrkdwn("x" * 3000))] * 4 + [section(text=mrkdwn("x"))]},
    ),
    "invalid_attachments": (
        {"attachments": [{"color": "#d00", "blocks": [DIVIDER]}]},
        {"attachments": [{"colour": "#d00", "blocks": [DIVIDER]}]},
    ),
    "too_many_attachments": (
        {"attachments": [{"blocks": [DIVIDER]}] * 100},
        {"attachments": [{"blocks": [DIVIDER]}] * 101},
    ),
    "invalid_metadata_format": (
        {"text": "x", "metadata": {"event_type": "incident", "event_payload": {}}},
        {"text": "x", "metadata": {"event_type": "incident"}},
    ),
    "invalid_metadata_schema": (
        {"text": "x", "metadata": {"event_type": "incident", "event_payload": {}}},
        {"text": "x", "metadata": {"event_type": "incident", "event_payload": "inc-1"}},
    ),
    "metadata_too_large": (
        {"text": "x", "metadata": {"event_type": "e", "event_payload": {"x": "x" * 10_000}}},
        {"text": "x", "metadata": {"event_type": "e", "event_payload": {"x": "x" * 20_000}}},
    ),
}


@pytest.mark.parametrize("error", MESSAGES)
def test_a_message_is_refused_in_slacks_words(error: str) -> None:
    taken, refused = MESSAGES[error]
    check_message(taken)
    with pytest.raises(SlackRefusalError, match=f"^{error}$"):
        check_message(refused)


TOGETHER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a block_id twice": (
        {"blocks": [{**DIVIDER, "block_id": "a"}, {**DIVIDER, "block_id": "b"}]},
        {"blocks": [{**DIVIDER, "block_id": "b"}, {**DIVIDER, "block_id": "b"}]},
    ),
    "a block_id twice in attachments": (
        {"attachments": [{"blocks": [{**DIVIDER, "block_id": "b"}]}]},
        {"attachments": [{"blocks": [{**DIVIDER, "block_id": "b"}]}] * 2},
    ),
    "an action_id twice in one block, not in two": (
        {"blocks": [actions(button()), actions(button())]},
        {"blocks": [actions(button(), button())]},
    ),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_only_the_whole_message_shows(name: str) -> None:
    taken, refused = TOGETHER[name]
    check_message(taken)
    with pytest.raises(SlackRefusalError, match="invalid_blocks"):
        check_message(refused)


def test_all_text_together_is_12000_characters() -> None:
    full = [section(text=mrkdwn("x" * 3000))] * 4
    check_message({"blocks": full})
    with pytest.raises(SlackRefusalError, match="msg_blocks_too_long"):
        check_message({"blocks": [*full, section(text=mrkdwn("x"))]})


def test_the_refusal_names_the_place_and_the_reason() -> None:
    with pytest.raises(SlackRefusalError) as refusal:
        check_message({"blocks": [DIVIDER, section(text=mrkdwn("x" * 3001))]})
    assert refusal.value.messages == (
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
    )


VIEWS: dict[str, tuple[Piece, Piece]] = {
    "title 24": (modal(title=plain("x" * 24)), modal(title=plain("x" * 25))),
    "title is plain": (modal(title=plain("x")), modal(title=mrkdwn("x"))),
    "submit 24": (modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25))),
    "close 24": (modal(close=plain("x" * 24)), modal(close=plain("x" * 25))),
    "private_metadata 3,000": (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
    "callback_id 255": (modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
    "external_id 255": (modal(external_id="x" * 255), modal(external_id="x" * 256)),
    "blocks 100": (modal(*[DIVIDER] * 100), modal(*[DIVIDER] * 101)),
    "title needed": (modal(), {"type": "modal", "blocks": []}),
    "input needs submit": (form(field()), modal(field())),
    "block_id unique": (modal({**DIVIDER, "block_id": "b"}), modal(*[{**DIVIDER, "block_id": "b"}] * 2)),
    "a modal is no home": (modal(), home()),
}
HOMES: dict[str, tuple[Piece, Piece]] = {
    "blocks 100": (home(*[DIVIDER] * 100), home(*[DIVIDER] * 101)),
    "no title": (home(), home(title=plain("x"))),
    "no submit": (home(field()), home(field(), submit=plain("Go"))),
    "private_metadata 3,000": (home(private_metadata="x" * 3000), home(private_metadata="x" * 3001)),
    "no plan": (home(), home(plan(1))),
    "a home is no modal": (home(), modal()),
}


@pytest.mark.parametrize(
    ("kind", "name"), [("modal", name) for name in VIEWS] + [("home", name) for name in HOMES]
)
def test_a_view_is_taken_up_to_its_limit_and_refused_beyond(kind: str, name: str) -> None:
    taken, refused = (VIEWS if kind == "modal" else HOMES)[name]
    check_view(taken, kind)
    with pytest.raises(SlackRefusalError, match="invalid_arguments"):
        check_view(refused, kind)


@pytest.mark.parametrize(("build", "kind"), [(modal, "modal"), (home, "home")])
def test_a_view_of_250_kilobytes_is_taken_and_a_larger_one_refused(
    build: Callable[..., Piece], kind: str
) -> None:
    def view(last_characters: int) -> Piece:
        blocks = [section(text=mrkdwn("x" * 2900))] * 84
        return build(*blocks, section(text=mrkdwn("x" * last_characters)))

    room = 250_000 - len(json.dumps(view(0)))
    check_view(view(room), kind)
    with pytest.raises(SlackRefusalError, match="view_too_large"):
        check_view(view(room + 1), kind)
