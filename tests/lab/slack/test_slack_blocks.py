"""Every limit of a block or element: what stands just inside is taken, what stands just outside refused."""

import pytest

from lab.slack.limits import check_message
from lab.slack.refusal import SlackRefusalError
from tests.lab.slack.builders import (
    DIVIDER,
    Piece,
    acting,
    actions,
    alert,
    button,
    card,
    cell,
    confirm,
    container,
    context,
    data_table,
    header,
    image,
    mrkdwn,
    option,
    options,
    plain,
    plan,
    rich,
    section,
    table,
    task,
)


def words(count: int) -> str:
    return "x" * count


LINK = {"type": "link", "url": "https://example.org"}
USER = {"type": "user", "user_id": "U0ALICE001"}
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
    "no moment beside a section": (
        actions(acting("datetimepicker")),
        section(accessory=acting("datetimepicker")),
    ),
    "header 150": (header(plain(words(150))), header(plain(words(151)))),
    "header is plain": (header(plain()), header(mrkdwn())),
    "context 10": (context(*[mrkdwn()] * 10), context(*[mrkdwn()] * 11)),
    "context not empty": (context(mrkdwn()), context()),
    "context holds no button": (context(image()), context(button())),
    "actions 25": (
        actions(*(button(action_id=f"a{n}") for n in range(25))),
        actions(*(button(action_id=f"a{n}") for n in range(26))),
    ),
    "actions not empty": (actions(button()), actions()),
    "actions hold no text": (actions(button()), actions(mrkdwn())),
    "actions hold no image": (actions(button()), actions(image())),
    "actions hold no field to write in": (actions(SELECT), actions(acting("plain_text_input"))),
    "actions hold no select of several": (
        section(text=mrkdwn(), accessory=acting("multi_static_select", **options(1))),
        actions(acting("multi_static_select", **options(1))),
    ),
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
    "options or groups": (
        actions(acting("static_select", option_groups=[{"label": plain(), "options": [option()]}])),
        actions(
            acting("static_select", **options(1), option_groups=[{"label": plain(), "options": [option()]}])
        ),
    ),
    "option groups 100": (
        actions(acting("static_select", option_groups=[{"label": plain(), "options": [option()]}] * 100)),
        actions(acting("static_select", option_groups=[{"label": plain(), "options": [option()]}] * 101)),
    ),
    "placeholder 150": (
        actions({**SELECT, "placeholder": plain(words(150))}),
        actions({**SELECT, "placeholder": plain(words(151))}),
    ),
    "option text 75": (
        actions(acting("static_select", options=[option(words(75))])),
        actions(acting("static_select", options=[option(words(76))])),
    ),
    "option text is plain in a select": (
        actions(acting("radio_buttons", options=[{**option(), "text": mrkdwn()}])),
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
    "radio buttons 10": (
        actions(acting("radio_buttons", **options(10))),
        actions(acting("radio_buttons", **options(11))),
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
    "date": (
        actions(acting("datepicker", initial_date="2026-02-28")),
        actions(acting("datepicker", initial_date="28.02.2026")),
    ),
    "time": (
        actions(acting("timepicker", initial_time="23:59")),
        actions(acting("timepicker", initial_time="24:00")),
    ),
    "moment": (
        actions(acting("datetimepicker", initial_date_time=1_800_000_000)),
        actions(acting("datetimepicker", initial_date_time=1_800_000_000_000)),
    ),
    "markdown 12,000": (
        {"type": "markdown", "text": words(12_000)},
        {"type": "markdown", "text": words(12_001)},
    ),
    "table rows 100": (table(rows=100), table(rows=101)),
    "table columns 20": (table(columns=20), table(columns=21)),
    "table not empty": (table(), table(rows=0)),
    "table cell not empty": (table(), table(text="")),
    "table rows even": (
        table(rows=2, columns=2),
        {"type": "table", "rows": [[cell(), cell()], [cell()]]},
    ),
    "table cell types": (
        {"type": "table", "rows": [[rich(WORD)]]},
        {"type": "table", "rows": [[{"type": "raw_number", "value": 1}]]},
    ),
    "table column settings 20": (
        {**table(columns=20), "column_settings": [None] * 20},
        {**table(columns=20), "column_settings": [None] * 21},
    ),
    "data table rows 101": (data_table(rows=101), data_table(rows=102)),
    "data table has a row below its header": (data_table(rows=2), data_table(rows=1)),
    "data table text 20,000": (
        data_table(rows=10, columns=20, text=words(100)),
        data_table(rows=11, columns=20, text=words(100)),
    ),
    "data table page 100": (data_table(page_size=100), data_table(page_size=101)),
    "data table caption": (data_table(caption="Nodes"), {**table(rows=2), "type": "data_table"}),
    "plan tasks 50": (plan(50), plan(51)),
    "plan holds tasks only": (plan(1), {"type": "plan", "title": "P", "tasks": [DIVIDER]}),
    "task status": (task(status="error"), task(status="done")),
    "task details are rich text": (task(details=rich(WORD)), task(details=plain())),
    "rich text elements": (rich(USER), rich(button())),
    "rich text code holds text and links": (
        rich(WORD, LINK, part="rich_text_preformatted"),
        rich(USER, part="rich_text_preformatted"),
    ),
    "image alt_text needed": (image(), {"type": "image", "image_url": "https://example.org/a.png"}),
    "image alt_text 2,000": (image(alt_text=words(2000)), image(alt_text=words(2001))),
    "image title 2,000": (image(title=plain(words(2000))), image(title=plain(words(2001)))),
    "image address 3,000": (
        image(image_url="https://" + words(2992)),
        image(image_url="https://" + words(2993)),
    ),
    "image address is one": (image(), image(image_url="a.png")),
    "image from one place": (image(), image(slack_file={"id": "F1"})),
    "card title 150": (card(title=plain(words(150))), card(title=plain(words(151)))),
    "card subtitle 150": (
        card(body=plain(), subtitle=plain(words(150))),
        card(body=plain(), subtitle=plain(words(151))),
    ),
    "card body 200": (card(body=plain(words(200))), card(body=plain(words(201)))),
    "card says something": (card(actions=[button()]), card(subtitle=plain())),
    "card's buttons are buttons": (card(actions=[button()]), card(actions=[SELECT])),
    "container 10": (container(*[DIVIDER] * 10), container(*[DIVIDER] * 11)),
    "container not empty": (container(DIVIDER), container()),
    "container title 150": (
        container(DIVIDER, title=plain(words(150))),
        container(DIVIDER, title=plain(words(151))),
    ),
    "container in no container": (container(DIVIDER), container(container(DIVIDER))),
    "container's blocks are checked": (container(header(plain())), container(header(mrkdwn()))),
    "no alert in a message": (DIVIDER, alert()),
    "known block types": (DIVIDER, {"type": "dividers"}),
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
