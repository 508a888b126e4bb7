"""Every limit of a block or element: what stands just inside is taken, what stands just outside refused."""

import pytest

from lab.slack.limits import check_message
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import (
    DIVIDER,
    Piece,
    acting,
    actions,
    button,
    confirm,
    context,
    header,
    mrkdwn,
    option,
    options,
    plain,
    plan,
    rich,
    section,
    task,
)


def words(count: int) -> str:
    return "x" * count


WORD = {"type": "text", "text": "x"}
SELECT = acting("static_select", **options(1))

# name: (taken, refused); each pair stands on both sides of one limit.
IN_MESSAGES: dict[str, tuple[Piece, Piece]] = {
    "section text 3,000": (section(text=mrkdwn(words(3000))), section(text=mrkdwn(words(3001)))),
    "section text not empty": (section(text=mrkdwn("x")), section(text=mrkdwn(""))),
    "section text or fields": (section(fields=[mrkdwn()]), section()),
    "section fields 10": (section(fields=[mrkdwn()] * 10), section(fields=[mrkdwn()] * 11)),
    "section field 2,000": (section(fields=[mrkdwn(words(2000))]), section(fields=[mrkdwn(words(2001))])),
    "beside a section": (
        section(text=mrkdwn(), accessory=button()),
        section(text=mrkdwn(), accessory=acting("plain_text_input")),
    ),
    "header 150": (header(plain(words(150))), header(plain(words(151)))),
    "header is plain": (header(plain()), header(mrkdwn())),
    "context 10": (context(*[mrkdwn()] * 10), context(*[mrkdwn()] * 11)),
    "context not empty": (context(mrkdwn()), context()),
    "context holds no button": (context(mrkdwn()), context(button())),
    "actions 25": (
        actions(*(button(action_id=f"a{n}") for n in range(25))),
        actions(*(button(action_id=f"a{n}") for n in range(26))),
    ),
    "actions not empty": (actions(button()), actions()),
    "actions hold no text": (actions(button()), actions(mrkdwn())),
    "actions hold no field to write in": (actions(SELECT), actions(acting("plain_text_input"))),
    "action_id unique in a block": (
        actions(button(), button(action_id="other")),
        actions(button(), button()),
    ),
    "action_id 255": (actions(button(action_id=words(255))), actions(button(action_id=words(256)))),
    "block_id 255": ({**DIVIDER, "block_id": words(255)}, {**DIVIDER, "block_id": words(256)}),
    "button text 75": (actions(button(text=plain(words(75)))), actions(button(text=plain(words(76))))),
    "button text is plain": (actions(button(text=plain())), actions(button(text=mrkdwn()))),
    "button value 2,000": (actions(button(value=words(2000))), actions(button(value=words(2001)))),
    "button url 3,000": (actions(button(url=words(3000))), actions(button(url=words(3001)))),
    "button style": (actions(button(style="danger")), actions(button(style="warning"))),
    "accessibility label 75": (
        actions(button(accessibility_label=words(75))),
        actions(button(accessibility_label=words(76))),
    ),
    "confirm title 100": (
        actions(button(confirm=confirm(title=100))),
        actions(button(confirm=confirm(title=101))),
    ),
    "confirm text 300": (
        actions(button(confirm=confirm(text=300))),
        actions(button(confirm=confirm(text=301))),
    ),
    "confirm yes 30": (actions(button(confirm=confirm(yes=30))), actions(button(confirm=confirm(yes=31)))),
    "confirm no 30": (actions(button(confirm=confirm(no=30))), actions(button(confirm=confirm(no=31)))),
    "select options 100": (
        actions(acting("static_select", **options(100))),
        actions(acting("static_select", **options(101))),
    ),
    "select options not empty": (actions(SELECT), actions(acting("static_select", options=[]))),
    "placeholder 150": (
        actions({**SELECT, "placeholder": plain(words(150))}),
        actions({**SELECT, "placeholder": plain(words(151))}),
    ),
    "option text 75": (
        actions(acting("static_select", options=[option(words(75))])),
        actions(acting("static_select", options=[option(words(76))])),
    ),
    "option text is plain in a select": (
        actions(acting("checkboxes", options=[{**option(), "text": mrkdwn()}])),
        actions(acting("static_select", options=[{**option(), "text": mrkdwn()}])),
    ),
    "option value 150": (
        actions(acting("static_select", options=[option("A", words(150))])),
        actions(acting("static_select", options=[option("A", words(151))])),
    ),
    "first choice is among the options": (
        actions(acting("static_select", options=[option()], initial_option=option())),
        actions(acting("static_select", options=[option()], initial_option=option("B", "b"))),
    ),
    "checkboxes 10": (
        actions(acting("checkboxes", **options(10))),
        actions(acting("checkboxes", **options(11))),
    ),
    "overflow 5": (actions(acting("overflow", **options(5))), actions(acting("overflow", **options(6)))),
    "address only in an overflow's option": (
        actions(acting("overflow", options=[{**option(), "url": "https://example.org"}])),
        actions(acting("static_select", options=[{**option(), "url": "https://example.org"}])),
    ),
    "markdown 12,000": (
        {"type": "markdown", "text": words(12_000)},
        {"type": "markdown", "text": words(12_001)},
    ),
    "plan tasks 50": (plan(50), plan(51)),
    "plan holds tasks only": (plan(1), {"type": "plan", "title": "P", "tasks": [DIVIDER]}),
    "task status": (task(status="error"), task(status="done")),
    "task details are rich text": (task(details=rich(WORD)), task(details=plain())),
    "rich text elements": (rich(WORD), rich(button())),
    "known block types": (DIVIDER, {"type": "dividers"}),
    "what the bot does not use is refused": (
        actions(SELECT),
        actions(acting("multi_static_select", **options(1))),
    ),
    "no unknown property": (DIVIDER, {**DIVIDER, "colour": "red"}),
    "block is an object": (DIVIDER, "divider"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("name", IN_MESSAGES)
def test_a_block_of_a_message(name: str) -> None:
    taken, refused = IN_MESSAGES[name]
    check_message({"text": "x", "blocks": [taken]})
    with pytest.raises(SlackRefusalError) as refusal:
        check_message({"text": "x", "blocks": [refused]})
    assert refusal.value.error == "invalid_blocks"
    assert refusal.value.messages[0].startswith("[ERROR] ")
    assert "[json-pointer:/blocks" in refusal.value.messages[0]
