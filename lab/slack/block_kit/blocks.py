"""The blocks of messages, modals and App Home."""

from lab.slack import limit_table as limit
from lab.slack.block_kit.composition import IDENTIFIER, plain, text
from lab.slack.block_kit.elements import ACTING, IN_INPUT
from lab.slack.block_kit.rich_text import A_RICH_TEXT, RICH_TEXT
from lab.slack.shapes import (
    Check,
    all_of,
    at_least_one,
    boolean,
    by_type,
    fields,
    items,
    one_of,
    string,
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
            "accessory": by_type(ACTING),
            "expand": boolean,
        },
    ),
)
_CONTEXT = by_type(
    {
        "plain_text": plain(limit.SECTION_TEXT),
        "mrkdwn": fields({"text": string(limit.SECTION_TEXT)}, {"verbatim": boolean}),
    }
)
_EVERYWHERE: dict[str, Check] = {
    "section": _SECTION,
    "header": fields({"text": plain(limit.HEADER_TEXT)}, _NAMED),
    "divider": fields({}, _NAMED),
    "context": fields({"elements": items(_CONTEXT, limit.CONTEXT_ELEMENTS)}, _NAMED),
    "actions": fields({"elements": items(by_type(ACTING), limit.ACTIONS_ELEMENTS)}, _NAMED),
    "input": fields(
        {"label": plain(limit.INPUT_LABEL), "element": by_type(IN_INPUT)},
        {**_NAMED, "hint": plain(limit.INPUT_LABEL), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
}

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
_IN_MESSAGES: dict[str, Check] = {
    **_EVERYWHERE,
    "markdown": fields({"text": string(limit.MARKDOWN)}, _NAMED),
    "task_card": _TASK,
    "plan": _PLAN,
}
MESSAGE_BLOCK = by_type(_IN_MESSAGES)
MODAL_BLOCK = by_type(_EVERYWHERE)
HOME_BLOCK = by_type(_EVERYWHERE)
