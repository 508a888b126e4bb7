"""Block Kit as far as the lab knows it: which block may hold what, and how much of it."""

from collections.abc import Iterator

from lab.slack.shapes import (
    Check,
    all_of,
    boolean,
    by_type,
    fields,
    integer,
    items,
    one_of,
    problem,
    string,
)

IDENTIFIER = string(255)


def _plain(longest: int) -> Check:
    return by_type({"plain_text": fields({"text": string(longest)}, {"emoji": boolean})})


def _text(longest: int) -> Check:
    mrkdwn = fields({"text": string(longest)}, {"verbatim": boolean})
    return by_type({"plain_text": _plain(longest), "mrkdwn": mrkdwn})


_CONFIRM = fields(
    {"title": _plain(100), "text": _text(300), "confirm": _plain(30), "deny": _plain(30)},
    {"style": one_of("primary", "danger")},
)
_OPTION = fields({"text": _text(75), "value": string(150)}, {"description": _text(75), "url": string(3000)})
_IMAGE = fields({"image_url": string(3000), "alt_text": string(2000)}, {"title": _plain(2000)})

_ACTED_ON = {"action_id": IDENTIFIER, "confirm": _CONFIRM}
_FOCUS = {"action_id": IDENTIFIER, "focus_on_load": boolean}
_BUTTON = fields(
    {"text": _plain(75)},
    {
        **_ACTED_ON,
        "value": string(2000),
        "url": string(3000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
_SELECT = fields(
    {"options": items(_OPTION, 100)},
    {**_ACTED_ON, **_FOCUS, "placeholder": _plain(150), "initial_option": _OPTION},
)
_MULTI_SELECT = fields(
    {"options": items(_OPTION, 100)},
    {
        **_ACTED_ON,
        **_FOCUS,
        "placeholder": _plain(150),
        "initial_options": items(_OPTION, 100),
        "max_selected_items": integer,
    },
)
_RADIO = fields({"options": items(_OPTION, 10)}, {**_ACTED_ON, **_FOCUS, "initial_option": _OPTION})
_CHECKBOXES = fields(
    {"options": items(_OPTION, 10)}, {**_ACTED_ON, **_FOCUS, "initial_options": items(_OPTION, 10)}
)
_TEXT_INPUT = fields(
    {},
    {
        **_FOCUS,
        "initial_value": string(3000, 0),
        "multiline": boolean,
        "min_length": integer,
        "max_length": integer,
        "placeholder": _plain(150),
    },
)
_NUMBER_INPUT = fields(
    {"is_decimal_allowed": boolean},
    {
        **_FOCUS,
        "initial_value": string(100),
        "min_value": string(100),
        "max_value": string(100),
        "placeholder": _plain(150),
    },
)
_CLICKED = {
    "button": _BUTTON,
    "overflow": fields({"options": items(_OPTION, 5)}, _ACTED_ON),
    "static_select": _SELECT,
    "multi_static_select": _MULTI_SELECT,
    "radio_buttons": _RADIO,
    "checkboxes": _CHECKBOXES,
}
_FILLED_IN = {
    "plain_text_input": _TEXT_INPUT,
    "number_input": _NUMBER_INPUT,
    **{kind: shape for kind, shape in _CLICKED.items() if kind not in {"button", "overflow"}},
}

_STYLE = fields({}, {"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean})
_INLINE = by_type(
    {
        "text": fields({"text": string(12_000)}, {"style": _STYLE}),
        "link": fields({"url": string(3000)}, {"text": string(12_000), "style": _STYLE, "unsafe": boolean}),
        "emoji": fields({"name": string(100)}, {"unicode": string(100)}),
        "user": fields({"user_id": string(20)}, {"style": _STYLE}),
        "usergroup": fields({"usergroup_id": string(20)}, {"style": _STYLE}),
        "channel": fields({"channel_id": string(20)}, {"style": _STYLE}),
        "broadcast": fields({"range": one_of("here", "channel", "everyone")}),
    }
)
_INLINES = items(_INLINE, 500)
_SECTION_OF_RICH_TEXT = by_type({"rich_text_section": fields({"elements": _INLINES})})
_RICH_TEXT = fields(
    {
        "elements": items(
            by_type(
                {
                    "rich_text_section": fields({"elements": _INLINES}),
                    "rich_text_preformatted": fields(
                        {"elements": _INLINES}, {"border": integer, "language": string(50)}
                    ),
                    "rich_text_quote": fields({"elements": _INLINES}, {"border": integer}),
                    "rich_text_list": fields(
                        {"style": one_of("bullet", "ordered"), "elements": items(_SECTION_OF_RICH_TEXT, 100)},
                        {"indent": integer, "offset": integer, "border": integer},
                    ),
                }
            ),
            100,
        )
    },
    {"block_id": IDENTIFIER},
)
_A_RICH_TEXT = by_type({"rich_text": _RICH_TEXT})

# raw_number is documented for cells, yet workspaces were seen to refuse it; raw_text is what passes.
_CELL = by_type({"raw_text": fields({"text": string(3000)}), "rich_text": _RICH_TEXT})


def _even_rows(block: object, path: str) -> Iterator[str]:
    rows = block.get("rows") if isinstance(block, dict) else None
    if isinstance(rows, list) and len({len(row) for row in rows if isinstance(row, list)}) > 1:
        yield problem("all rows must have the same number of cells", f"{path}/rows")


_COLUMN = fields({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
_TABLE = all_of(
    fields(
        {"rows": items(items(_CELL, 20), 100)},
        {"block_id": IDENTIFIER, "column_settings": items(_COLUMN, 20)},
    ),
    _even_rows,
)
_SOURCE = by_type({"url": fields({"url": string(3000), "text": string(3000)})})
_TASK = fields(
    {
        "task_id": IDENTIFIER,
        "title": string(3000),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {
        "block_id": IDENTIFIER,
        "details": _A_RICH_TEXT,
        "output": _A_RICH_TEXT,
        "sources": items(_SOURCE, 50),
    },
)


def _section_says_something(block: object, path: str) -> Iterator[str]:
    if isinstance(block, dict) and not ({"text", "fields"} & block.keys()):
        yield problem("missing required field: text or fields", path)


_SECTION = all_of(
    fields(
        {},
        {
            "block_id": IDENTIFIER,
            "text": _text(3000),
            "fields": items(_text(2000), 10),
            "accessory": by_type({**_CLICKED, "image": _IMAGE}),
            "expand": boolean,
        },
    ),
    _section_says_something,
)
_CONTEXT_ELEMENT = by_type(
    {
        "plain_text": _plain(3000),
        "mrkdwn": fields({"text": string(3000)}, {"verbatim": boolean}),
        "image": _IMAGE,
    }
)
_EVERYWHERE: dict[str, Check] = {
    "section": _SECTION,
    "header": fields({"text": _plain(150)}, {"block_id": IDENTIFIER}),
    "divider": fields({}, {"block_id": IDENTIFIER}),
    "context": fields({"elements": items(_CONTEXT_ELEMENT, 10)}, {"block_id": IDENTIFIER}),
    "actions": fields({"elements": items(by_type(_CLICKED), 25)}, {"block_id": IDENTIFIER}),
    "image": fields(
        {"image_url": string(3000), "alt_text": string(2000)},
        {"title": _plain(2000), "block_id": IDENTIFIER},
    ),
    "input": fields(
        {"label": _plain(2000), "element": by_type(_FILLED_IN)},
        {"block_id": IDENTIFIER, "hint": _plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _RICH_TEXT,
}

MODAL_BLOCK = by_type(_EVERYWHERE)
MESSAGE_BLOCK = by_type(
    {
        **_EVERYWHERE,
        "markdown": fields({"text": string(12_000)}, {"block_id": IDENTIFIER}),
        "table": _TABLE,
        "task_card": _TASK,
        "plan": fields(
            {"title": string(3000)},
            {"block_id": IDENTIFIER, "tasks": items(by_type({"task_card": _TASK}), 50)},
        ),
    }
)
MODAL_TITLE = _plain(24)
