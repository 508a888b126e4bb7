"""What Slack refuses is refused, one case a limit; what it takes just below the limit is taken."""

from typing import Any

import pytest

from lab.slack.limits import SlackRefusalError, check_message, check_view


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(text: str = "A", value: str = "a") -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def button(**more: object) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def actions(*elements: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def confirm(title: int = 1, text: int = 1, yes: int = 1) -> dict[str, Any]:
    words = {"title": plain("x" * title), "text": mrkdwn("x" * text)}
    return {**words, "confirm": plain("x" * yes), "deny": plain("No")}


def table(rows: int = 1, columns: int = 1, text: str = "x") -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def task(**more: object) -> dict[str, Any]:
    return {"type": "task_card", "task_id": "t", "title": "Read", "status": "pending", **more}


def rich(*inlines: dict[str, Any]) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": list(inlines)}
    return {"type": "rich_text", "elements": [section]}


def section(**more: object) -> dict[str, Any]:
    return {"type": "section", **more}


def select(options: int) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [option()] * options}


DIVIDER = {"type": "divider"}

# name: (taken, refused); each pair stands on both sides of one limit.
BLOCKS = {
    "section text 3,000": (section(text=mrkdwn("x" * 3000)), section(text=mrkdwn("x" * 3001))),
    "section text not empty": (section(text=mrkdwn("x")), section(text=mrkdwn(""))),
    "section text or fields": (section(text=mrkdwn("x")), section()),
    "fields 10": (section(fields=[mrkdwn("x")] * 10), section(fields=[mrkdwn("x")] * 11)),
    "field 2,000": (section(fields=[mrkdwn("x" * 2000)]), section(fields=[mrkdwn("x" * 2001)])),
    "header 150": (
        {"type": "header", "text": plain("x" * 150)},
        {"type": "header", "text": plain("x" * 151)},
    ),
    "header is plain": ({"type": "header", "text": plain("x")}, {"type": "header", "text": mrkdwn("x")}),
    "context 10": (
        {"type": "context", "elements": [mrkdwn("x")] * 10},
        {"type": "context", "elements": [mrkdwn("x")] * 11},
    ),
    "context holds no button": (
        {"type": "context", "elements": [mrkdwn("x")]},
        {"type": "context", "elements": [button()]},
    ),
    "actions 25": (
        actions(*(button(action_id=f"a{n}") for n in range(25))),
        actions(*(button(action_id=f"a{n}") for n in range(26))),
    ),
    "actions not empty": (actions(button()), actions()),
    "actions hold no text": (actions(button()), actions(mrkdwn("x"))),
    "action_id unique in a block": (
        actions(button(), button(action_id="other")),
        actions(button(), button()),
    ),
    "action_id 255": (actions(button(action_id="x" * 255)), actions(button(action_id="x" * 256))),
    "block_id 255": ({**DIVIDER, "block_id": "x" * 255}, {**DIVIDER, "block_id": "x" * 256}),
    "button text 75": (actions(button(text=plain("x" * 75))), actions(button(text=plain("x" * 76)))),
    "button text is plain": (actions(button(text=plain("x"))), actions(button(text=mrkdwn("x")))),
    "button value 2,000": (actions(button(value="x" * 2000)), actions(button(value="x" * 2001))),
    "button url 3,000": (actions(button(url="x" * 3000)), actions(button(url="x" * 3001))),
    "button style": (actions(button(style="danger")), actions(button(style="warning"))),
    "confirm title 100": (
        actions(button(confirm=confirm(title=100))),
        actions(button(confirm=confirm(title=101))),
    ),
    "confirm text 300": (
        actions(button(confirm=confirm(text=300))),
        actions(button(confirm=confirm(text=301))),
    ),
    "confirm button 30": (actions(button(confirm=confirm(yes=30))), actions(button(confirm=confirm(yes=31)))),
    "options 100": (actions(select(100)), actions(select(101))),
    "option text 75": (
        actions({**select(0), "options": [option("x" * 75)]}),
        actions({**select(0), "options": [option("x" * 76)]}),
    ),
    "option value 150": (
        actions({**select(0), "options": [option("A", "x" * 150)]}),
        actions({**select(0), "options": [option("A", "x" * 151)]}),
    ),
    "markdown 12,000": (
        {"type": "markdown", "text": "x" * 12_000},
        {"type": "markdown", "text": "x" * 12_001},
    ),
    "table rows 100": (table(rows=100), table(rows=101)),
    "table columns 20": (table(columns=20), table(columns=21)),
    "table cell not empty": (table(), table(text="")),
    "table rows even": (
        table(rows=2, columns=2),
        {**table(), "rows": [*table(columns=2)["rows"], *table()["rows"]]},
    ),
    "table cell types": (table(), {**table(), "rows": [[{"type": "raw_number", "value": 1}]]}),
    "plan tasks 50": (
        {"type": "plan", "title": "P", "tasks": [task()] * 50},
        {"type": "plan", "title": "P", "tasks": [task()] * 51},
    ),
    "task status": (task(), task(status="done")),
    "task details are rich text": (
        task(details=rich({"type": "text", "text": "x"})),
        task(details=plain("x")),
    ),
    "rich text elements": (rich({"type": "text", "text": "x"}), rich({"type": "button"})),
    "image alt_text": (
        {"type": "image", "image_url": "u", "alt_text": "a"},
        {"type": "image", "image_url": "u"},
    ),
    "known block types": (DIVIDER, {"type": "dividers"}),
    "no unknown property": (DIVIDER, {**DIVIDER, "colour": "red"}),
    "block is an object": (DIVIDER, "divider"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_taken_up_to_its_limit_and_refused_beyond(name: str) -> None:
    taken, refused = BLOCKS[name]
    check_message({"text": "x", "blocks": [taken]})
    with pytest.raises(SlackRefusalError) as refusal:
        check_message({"text": "x", "blocks": [refused]})
    assert refusal.value.error in {"invalid_blocks", "msg_blocks_too_long"}


MESSAGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no_text": ({"text": "x"}, {"text": "", "blocks": []}),
    "msg_too_long": ({"text": "x" * 40_000}, {"text": "x" * 40_001}),
    "invalid_blocks": ({"blocks": [DIVIDER] * 50}, {"blocks": [DIVIDER] * 51}),
    "msg_blocks_too_long": (
        {"blocks": [section(text=mrkdwn("x" * 3000))] * 4},
        {"blocks": [section(text=mrkdwn("x" * 3000))] * 4 + [section(text=mrkdwn("x"))]},
    ),
    "invalid_attachments": (
        {"attachments": [{"blocks": [DIVIDER]}] * 100},
        {"attachments": [{"blocks": [DIVIDER]}] * 101},
    ),
    "invalid_metadata_format": (
        {"text": "x", "metadata": {"event_type": "incident", "event_payload": {}}},
        {"text": "x", "metadata": {"event_type": "incident"}},
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


@pytest.mark.parametrize(
    ("blocks", "attachments"),
    [
        ([table(), table()], []),
        ([table()], [{"blocks": [table()]}]),
        ([{**DIVIDER, "block_id": "b"}, {**DIVIDER, "block_id": "b"}], []),
        ([], [{"blocks": [{**DIVIDER, "block_id": "b"}]}, {"blocks": [{**DIVIDER, "block_id": "b"}]}]),
    ],
)
def test_a_second_table_and_a_second_block_of_one_id_are_refused(
    blocks: list[dict[str, Any]], attachments: list[dict[str, Any]]
) -> None:
    with pytest.raises(SlackRefusalError, match="invalid_blocks"):
        check_message({"text": "x", "blocks": blocks, "attachments": attachments})


def test_the_refusal_names_the_place_and_the_reason() -> None:
    with pytest.raises(SlackRefusalError) as refusal:
        check_message({"blocks": [DIVIDER, section(text=mrkdwn("x" * 3001))]})
    assert refusal.value.messages == (
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
    )


def modal(**more: object) -> dict[str, Any]:
    return {"type": "modal", "title": plain("Fix"), "blocks": [DIVIDER], **more}


def field(**more: object) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "a"}
    return {"type": "input", "label": plain("Why"), "element": element, **more}


VIEWS = {
    "title 24": (modal(title=plain("x" * 24)), modal(title=plain("x" * 25))),
    "submit 24": (modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25))),
    "close 24": (modal(close=plain("x" * 24)), modal(close=plain("x" * 25))),
    "private_metadata 3,000": (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
    "callback_id 255": (modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
    "external_id 255": (modal(external_id="x" * 255), modal(external_id="x" * 256)),
    "blocks 100": (modal(blocks=[DIVIDER] * 100), modal(blocks=[DIVIDER] * 101)),
    "title needed": (modal(), {"type": "modal", "blocks": []}),
    "input needs submit": (modal(blocks=[field()], submit=plain("Go")), modal(blocks=[field()])),
    "input holds no button": (
        modal(blocks=[field()], submit=plain("Go")),
        modal(blocks=[field(element=button())], submit=plain("Go")),
    ),
    "no table in a modal": (modal(), modal(blocks=[table()])),
    "block_id unique": (modal(), modal(blocks=[{**DIVIDER, "block_id": "b"}] * 2)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_taken_up_to_its_limit_and_refused_beyond(name: str) -> None:
    taken, refused = VIEWS[name]
    check_view(taken)
    with pytest.raises(SlackRefusalError, match="invalid_arguments"):
        check_view(refused)


def test_a_view_beyond_250_kilobytes_is_refused() -> None:
    blocks = [section(text=mrkdwn("x" * 2900))] * 90
    with pytest.raises(SlackRefusalError, match="view_too_large"):
        check_view(modal(blocks=blocks))
