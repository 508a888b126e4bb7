"""Block Kit's interactive elements, and which kinds stand where.

What the bot does not use (pickers, multi-selects, number inputs and the like) is refused as unknown.
"""

from collections.abc import Iterator

from lab.slack import limit_table as limit
from lab.slack.block_kit.composition import (
    CHOICE,
    CONFIRM,
    IDENTIFIER,
    OPTION,
    OVERFLOW_OPTION,
    plain,
)
from lab.slack.shapes import (
    Check,
    all_of,
    boolean,
    fields,
    items,
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


def _initial_is_an_option(element: object, path: str) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    offered = _dicts(element.get("options"))
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


def _select(initial: str, value: Check, required: dict[str, Check]) -> Check:
    return fields(required, {**_ACTED_ON, **_FOCUSED, **_PLACEHOLDER, initial: value})


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
_CHOSEN: dict[str, Check] = {
    "static_select": all_of(
        _select("initial_option", OPTION, {"options": items(OPTION, limit.OPTIONS)}),
        _initial_is_an_option,
    ),
    "users_select": _select("initial_user", string(20), {}),
    "checkboxes": _choice("initial_options", items(CHOICE, limit.CHOICES)),
}
_OVERFLOW = fields({"options": items(OVERFLOW_OPTION, limit.OVERFLOW_OPTIONS)}, _ACTED_ON)
_WRITTEN = all_of(
    fields(
        {},
        {
            **_FOCUSED,
            **_PLACEHOLDER,
            "dispatch_action_config": _ON_TYPING,
            "initial_value": string(limit.INPUT_VALUE, 0),
            "multiline": boolean,
            "min_length": whole(0, limit.INPUT_VALUE),
            "max_length": whole(1, limit.INPUT_VALUE),
        },
    ),
    _shortest_below_longest,
)

ACTING = {"button": BUTTON, **_CHOSEN, "overflow": _OVERFLOW}
IN_INPUT = {"plain_text_input": _WRITTEN, **_CHOSEN}
