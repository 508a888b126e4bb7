"""Every limit of a block in a modal or Home tab: just inside is taken, just outside refused."""

import pytest

from lab.slack.limits import check_view
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import (
    Piece,
    acting,
    button,
    field,
    form,
    home,
    modal,
    mrkdwn,
    option,
    options,
    plain,
    plan,
)


def words(count: int) -> str:
    return "x" * count


def typed(kind: str, **more: object) -> Piece:
    return form(field(acting(kind, **more)))


IN_VIEWS: dict[str, tuple[Piece, Piece]] = {
    "input label 2,000": (form(field(label=plain(words(2000)))), form(field(label=plain(words(2001))))),
    "input label is plain": (form(field(label=plain())), form(field(label=mrkdwn()))),
    "input hint 2,000": (form(field(hint=plain(words(2000)))), form(field(hint=plain(words(2001))))),
    "input holds no button": (form(field()), form(field(button()))),
    "input holds no overflow": (form(field()), form(field(acting("overflow", **options(2))))),
    "written 3,000": (
        typed("plain_text_input", initial_value=words(3000)),
        typed("plain_text_input", initial_value=words(3001)),
    ),
    "max_length 3,000": (
        typed("plain_text_input", max_length=3000),
        typed("plain_text_input", max_length=3001),
    ),
    "min_length 3,000": (
        typed("plain_text_input", min_length=3000),
        typed("plain_text_input", min_length=3001),
    ),
    "min_length below max_length": (
        typed("plain_text_input", min_length=10, max_length=10),
        typed("plain_text_input", min_length=11, max_length=10),
    ),
    "first choices are among the options": (
        typed("checkboxes", options=[option()], initial_options=[option()]),
        typed("checkboxes", options=[option()], initial_options=[option(), option("B", "b")]),
    ),
    "one focus": (
        form(field(acting("plain_text_input", focus_on_load=True)), field()),
        form(
            field(acting("plain_text_input", focus_on_load=True)),
            field(acting("users_select", focus_on_load=True)),
        ),
    ),
    "no markdown in a modal": (modal(), modal({"type": "markdown", "text": "x"})),
    "no plan in a modal": (modal(), modal(plan(1))),
}


@pytest.mark.parametrize("name", IN_VIEWS)
def test_a_block_of_a_view(name: str) -> None:
    taken, refused = IN_VIEWS[name]
    check_view(taken)
    with pytest.raises(SlackRefusalError, match="invalid_arguments") as refusal:
        check_view(refused)
    assert "[json-pointer:/view/blocks" in refusal.value.messages[0]


EVERY_FIELD = [
    acting("plain_text_input", multiline=True),
    acting("static_select", **options(2)),
    acting("users_select"),
    acting("checkboxes", **options(2)),
]


@pytest.mark.parametrize("element", EVERY_FIELD, ids=[element["type"] for element in EVERY_FIELD])
def test_every_kind_of_field_stands_in_a_modal_and_in_the_home_tab(element: Piece) -> None:
    check_view(form(field(element)))
    check_view(home(field(element)), "home")
    with pytest.raises(SlackRefusalError, match="invalid_arguments"):
        check_view(form(field({**element, "colour": "red"})))
