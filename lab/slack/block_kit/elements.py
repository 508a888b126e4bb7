"""Block Kit's interactive elements, and which kinds stand where.

Not known here, and refused: external selects, file and rich text inputs, feedback and workflow buttons.
"""

from collections.abc import Iterator

from lab.slack import limit_table as limit
from lab.slack.block_kit.composition import (
    CHOICE,
    CONFIRM,
    IDENTIFIER,
    IMAGE_ELEMENT,
    OPTION,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    plain,
)
from lab.slack.shapes import (
    Check,
    all_of,
    boolean,
    exactly_one,
    fields,
    items,
    matching,
    one_of,
    problem,
    string,
    whole,
)

_ACTED_ON: dict[str, Check] = {"action_id": IDENTIFIER, "confirm": CONFIRM}
_FOCUSED: dict[str, Check] = {"action_id": IDENTIFIER, "focus_on_load": boolean}
_PLACEHOLDER: dict[str, Check] = {"placeholder": plain(limit.PLACEHOLDER)}
_ON_TYPING = fields(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)},
)
_ID = string(20)


def _initial_is_an_option(element: object, path: str) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    grouped = [
        each for group in _dicts(element.get("option_groups")) for each in _dicts(group.get("options"))
    ]
    offered = [*_dicts(element.get("options")), *grouped]
    for name, chosen in (
        ("initial_option", [element["initial_option"]] if "initial_option" in element else []),
        ("initial_options", element.get("initial_options") or []),
    ):
        if any(each not in offered for each in chosen):
            yield problem("must be one of the provided options", f"{path}/{name}")


def _dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _shortest_below_longest(element: object, path: str) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    shortest, longest = element.get("min_length", 0), element.get("max_length", limit.INPUT_VALUE)
    if isinstance(shortest, int) and isinstance(longest, int) and shortest > longest:
        yield problem("min_length must not exceed max_length", path)


def _select(initial: str, value: Check, source: dict[str, Check], *, many: bool) -> Check:
    more: dict[str, Check] = {"max_selected_items": whole(1, limit.OPTIONS)} if many else {}
    chosen = items(value, limit.OPTIONS) if many else value
    return fields({}, {**_ACTED_ON, **_FOCUSED, **_PLACEHOLDER, **source, **more, initial: chosen})


_STATIC_SOURCE = {
    "options": items(OPTION, limit.OPTIONS),
    "option_groups": items(OPTION_GROUP, limit.OPTION_GROUPS),
}
_CONVERSATIONS: dict[str, Check] = {
    "default_to_current_conversation": boolean,
    "response_url_enabled": boolean,
}


def _static(initial: str, *, many: bool) -> Check:
    select = _select(initial, OPTION, _STATIC_SOURCE, many=many)
    return all_of(exactly_one("options", "option_groups"), select, _initial_is_an_option)


def _choice(initial: str, value: Check) -> Check:
    shape = fields({"options": items(CHOICE, limit.CHOICES)}, {**_ACTED_ON, **_FOCUSED, initial: value})
    return all_of(shape, _initial_is_an_option)


BUTTON = fields(
    {"text": plain(limit.BUTTON_TEXT)},
    {
        **_ACTED_ON,
        "value": string(limit.BUTTON_VALUE),
        "url": string(limit.URL),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(limit.BUTTON_TEXT),
    },
)
_SINGLE: dict[str, Check] = {
    "static_select": _static("initial_option", many=False),
    "users_select": _select("initial_user", _ID, {}, many=False),
    "conversations_select": _select("initial_conversation", _ID, _CONVERSATIONS, many=False),
    "channels_select": _select("initial_channel", _ID, {"response_url_enabled": boolean}, many=False),
    "radio_buttons": _choice("initial_option", CHOICE),
    "checkboxes": _choice("initial_options", items(CHOICE, limit.CHOICES)),
    "datepicker": fields(
        {},
        {
            **_ACTED_ON,
            **_FOCUSED,
            **_PLACEHOLDER,
            "initial_date": matching(r"\d{4}-\d\d-\d\d", "a date YYYY-MM-DD"),
        },
    ),
    "timepicker": fields(
        {},
        {
            **_ACTED_ON,
            **_FOCUSED,
            **_PLACEHOLDER,
            "initial_time": matching(r"([01]\d|2[0-3]):[0-5]\d", "a time HH:mm"),
            "timezone": string(100),
        },
    ),
}
_MANY: dict[str, Check] = {
    "multi_static_select": _static("initial_options", many=True),
    "multi_users_select": _select("initial_users", _ID, {}, many=True),
    "multi_conversations_select": _select("initial_conversations", _ID, _CONVERSATIONS, many=True),
    "multi_channels_select": _select("initial_channels", _ID, {}, many=True),
}
_MOMENT: dict[str, Check] = {
    "datetimepicker": fields(
        {}, {**_ACTED_ON, **_FOCUSED, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}
    ),
}
_OVERFLOW: dict[str, Check] = {
    "overflow": fields({"options": items(OVERFLOW_OPTION, limit.OVERFLOW_OPTIONS)}, _ACTED_ON),
}
_TYPED = {**_FOCUSED, **_PLACEHOLDER, "dispatch_action_config": _ON_TYPING}
_ADDRESS = fields({}, {**_TYPED, "initial_value": string(limit.INPUT_VALUE)})
_NUMBER = matching(r"-?\d+(\.\d+)?", "a number")
_WRITTEN: dict[str, Check] = {
    "plain_text_input": all_of(
        fields(
            {},
            {
                **_TYPED,
                "initial_value": string(limit.INPUT_VALUE, 0),
                "multiline": boolean,
                "min_length": whole(0, limit.INPUT_VALUE),
                "max_length": whole(1, limit.INPUT_VALUE),
            },
        ),
        _shortest_below_longest,
    ),
    "number_input": fields(
        {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
    ),
    "email_text_input": _ADDRESS,
    "url_text_input": _ADDRESS,
}

IN_ACTIONS = {"button": BUTTON, **_SINGLE, **_MOMENT, **_OVERFLOW}
BESIDE_A_SECTION = {"button": BUTTON, "image": IMAGE_ELEMENT, **_SINGLE, **_MANY, **_OVERFLOW}
IN_INPUT = {**_WRITTEN, **_SINGLE, **_MANY, **_MOMENT}
