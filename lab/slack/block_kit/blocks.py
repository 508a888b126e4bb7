"""The blocks of messages, modals and App Home."""

from collections.abc import Iterator

from lab.slack import limit_table as limit
from lab.slack.block_kit.composition import IDENTIFIER, IMAGE_BLOCK, IMAGE_ELEMENT, plain, text
from lab.slack.block_kit.elements import BESIDE_A_SECTION, BUTTON, IN_ACTIONS, IN_INPUT
from lab.slack.block_kit.rich_text import A_RICH_TEXT, RICH_TEXT
from lab.slack.shapes import (
    Check,
    all_of,
    at_least_one,
    boolean,
    by_type,
    fields,
    items,
    nullable,
    one_of,
    problem,
    string,
    whole,
)

_NAMED: dict[str, Check] = {"block_id": IDENTIFIER}

_SECTION = all_of(
    at_least_one("text", "fields"),
    fields(
        {},
        {
            **_NAMED,
            "text": text(limit.SECTION_TEXT),
            "fields": items(text(limit.FIELD_TEXT), limit.SECTION_FIELDS),
            "accessory": by_type(BESIDE_A_SECTION),
            "expand": boolean,
        },
    ),
)
_CONTEXT = by_type(
    {
        "plain_text": plain(limit.SECTION_TEXT),
        "mrkdwn": fields({"text": string(limit.SECTION_TEXT)}, {"verbatim": boolean}),
        "image": IMAGE_ELEMENT,
    }
)
_EVERYWHERE: dict[str, Check] = {
    "section": _SECTION,
    "header": fields({"text": plain(limit.HEADER_TEXT)}, _NAMED),
    "divider": fields({}, _NAMED),
    "context": fields({"elements": items(_CONTEXT, limit.CONTEXT_ELEMENTS)}, _NAMED),
    "actions": fields({"elements": items(by_type(IN_ACTIONS), limit.ACTIONS_ELEMENTS)}, _NAMED),
    "image": IMAGE_BLOCK,
    "input": fields(
        {"label": plain(limit.INPUT_LABEL), "element": by_type(IN_INPUT)},
        {**_NAMED, "hint": plain(limit.INPUT_LABEL), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
}

# raw_number is documented for cells, yet workspaces were seen to refuse it; raw_text is what passes.
_CELL = by_type({"raw_text": fields({"text": string(limit.TABLE_CELL)}), "rich_text": RICH_TEXT})
_COLUMN = fields({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _even_rows(block: object, path: str) -> Iterator[str]:
    rows = block.get("rows") if isinstance(block, dict) else None
    if isinstance(rows, list) and len({len(row) for row in rows if isinstance(row, list)}) > 1:
        yield problem("all rows must have the same number of cells", f"{path}/rows")


_TABLE = all_of(
    fields(
        {"rows": items(items(_CELL, limit.TABLE_COLUMNS), limit.TABLE_ROWS)},
        {**_NAMED, "column_settings": items(nullable(_COLUMN), limit.TABLE_COLUMNS)},
    ),
    _even_rows,
)


def _data_table_text(block: object, path: str) -> Iterator[str]:
    rows = block.get("rows") if isinstance(block, dict) else None
    cells = [cell for row in rows if isinstance(row, list) for cell in row] if isinstance(rows, list) else []
    total = sum(len(str(cell.get("text", ""))) for cell in cells if isinstance(cell, dict))
    if total > limit.DATA_TABLE_TEXT:
        yield problem(f"must be less than {limit.DATA_TABLE_TEXT + 1} characters in all", f"{path}/rows")


_DATA_TABLE = all_of(
    fields(
        {
            "caption": string(limit.FIELD_TEXT),
            "rows": items(items(_CELL, limit.TABLE_COLUMNS), limit.DATA_TABLE_ROWS, 2),
        },
        {
            **_NAMED,
            "page_size": whole(1, limit.DATA_TABLE_PAGE),
            "row_header_column_index": whole(0, limit.TABLE_COLUMNS - 1),
        },
    ),
    _even_rows,
    _data_table_text,
)
_TASK = fields(
    {
        "task_id": IDENTIFIER,
        "title": string(limit.SECTION_TEXT),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {
        **_NAMED,
        "details": A_RICH_TEXT,
        "output": A_RICH_TEXT,
        "sources": items(by_type({"url": fields({"url": string(limit.URL), "text": string(limit.URL)})}), 50),
    },
)
_PLAN = fields(
    {"title": string(limit.SECTION_TEXT)},
    {**_NAMED, "tasks": items(by_type({"task_card": _TASK}), limit.PLAN_TASKS)},
)
_CARD = all_of(
    at_least_one("hero_image", "title", "body", "actions"),
    fields(
        {},
        {
            **_NAMED,
            "hero_image": by_type({"image": IMAGE_ELEMENT}),
            "icon": by_type({"image": IMAGE_ELEMENT}),
            "title": text(limit.CARD_TITLE),
            "subtitle": text(limit.CARD_TITLE),
            "body": text(limit.CARD_BODY),
            "actions": items(by_type({"button": BUTTON}), limit.ACTIONS_ELEMENTS),
        },
    ),
)
_IN_MESSAGES: dict[str, Check] = {
    **_EVERYWHERE,
    "markdown": fields({"text": string(limit.MARKDOWN)}, _NAMED),
    "table": _TABLE,
    "data_table": _DATA_TABLE,
    "task_card": _TASK,
    "plan": _PLAN,
    "card": _CARD,
}
_CONTAINER = all_of(
    at_least_one("title", "rich_text_title"),
    fields(
        {"child_blocks": items(by_type(_IN_MESSAGES), limit.CONTAINER_BLOCKS)},
        {
            **_NAMED,
            "title": plain(limit.CONTAINER_TITLE),
            "rich_text_title": A_RICH_TEXT,
            "subtitle": text(limit.CONTAINER_TITLE),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": by_type({"image": IMAGE_ELEMENT}),
            **dict.fromkeys(("is_collapsible", "default_collapsed", "has_header_divider"), boolean),
        },
    ),
)
# Alerts stand in modals only: node-slack-sdk 2567, java-slack-sdk 1624.
_ALERT = fields(
    {"text": text(limit.ALERT_TEXT)},
    {**_NAMED, "level": one_of("default", "info", "warning", "error", "success")},
)

MESSAGE_BLOCK = by_type({**_IN_MESSAGES, "container": _CONTAINER})
MODAL_BLOCK = by_type({**_EVERYWHERE, "alert": _ALERT})
HOME_BLOCK = by_type(_EVERYWHERE)
