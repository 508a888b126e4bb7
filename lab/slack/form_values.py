"""What a person filled in, as Slack sends it: in a modal's state, or as the value of an action."""

import re
from collections.abc import Iterable, Mapping

from lab.slack.shapes import Json

# kind: (the field of what is chosen, the field of what was chosen at first)
_ONE = {
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
_SEVERAL = {
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
}
_SEVERAL_OPTIONS = ("checkboxes", "multi_static_select")
_WITHOUT_STATE = ("button", "image", "overflow")


def state_of(blocks: Iterable[Json], values: Mapping[str, object]) -> Json:
    """The `state.values` of a view or message.

    `values` maps a block_id or action_id to what was entered: text, an option's value, an id, a date, or a
    list of those. Fields which `values` does not name keep their initial value.
    """
    state: Json = {}
    for block in blocks:
        for element in _fields(block):
            entered = values.get(block["block_id"], values.get(element["action_id"]))
            state.setdefault(block["block_id"], {})[element["action_id"]] = entry(element, entered)
    return state


def entry(element: Json, entered: object) -> Json:
    """One field's entry: its type, and what was entered, or what stood there at first."""
    kind = element["type"]
    if kind in _SEVERAL_OPTIONS:
        chosen = element.get("initial_options", []) if entered is None else _chosen(element, _listed(entered))
        return {"type": kind, "selected_options": chosen}
    if kind in _SEVERAL:
        name, initial = _SEVERAL[kind]
        return {"type": kind, name: element.get(initial, []) if entered is None else _listed(entered)}
    if kind in _ONE:
        name, initial = _ONE[kind]
        value = element.get(initial) if entered is None else entered or None
        return {"type": kind, name: int(str(value)) if value and kind == "datetimepicker" else value}
    if options(element):
        first = next(iter(_chosen(element, [entered])), None)
        return {"type": kind, "selected_option": element.get("initial_option") if entered is None else first}
    return {"type": kind, "value": element.get("initial_value") if entered is None else str(entered) or None}


def options(element: Json) -> list[Json]:
    """Everything there is to choose from, groups opened."""
    grouped = [each for group in element.get("option_groups", ()) for each in group["options"]]
    return [*element.get("options", ()), *grouped]


def missing_fields(blocks: Iterable[Json], state: Json) -> dict[str, str]:
    """What Slack's own client refuses before it asks the app: block_id to sentence."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        filled = [
            value for name, value in state[block["block_id"]][element["action_id"]].items() if name != "type"
        ]
        if not any(filled):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(filled[0], str) and (mend := _mend(element, filled[0])):
            errors[block["block_id"]] = mend
    return errors


def _fields(block: Json) -> list[Json]:
    """The elements of a block which keep what was entered."""
    found = [block.get("element"), block.get("accessory"), *(block.get("elements") or ())]
    return [
        each
        for each in found
        if isinstance(each, dict) and "action_id" in each and each["type"] not in _WITHOUT_STATE
    ]


def _listed(entered: object) -> list[object]:
    return entered if isinstance(entered, list) else [entered]


def _chosen(element: Json, wanted: list[object]) -> list[Json]:
    return [option for option in options(element) if option["value"] in wanted]


def _mend(element: Json, entered: str) -> str | None:
    kind = element["type"]
    if kind == "plain_text_input":
        shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
        if len(entered) < shortest:
            return f"Please enter at least {shortest} characters."
        return f"Please enter no more than {longest} characters." if len(entered) > longest else None
    if kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", entered):
        return "Please enter a valid email address."
    if kind == "url_text_input" and not re.fullmatch(r"https?://\S+", entered):
        return "Please enter a valid URL."
    return _number_mend(element, entered) if kind == "number_input" else None


def _number_mend(element: Json, entered: str) -> str | None:
    digits = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(digits, entered):
        return "Please enter a number." if element["is_decimal_allowed"] else "Please enter a whole number."
    if "min_value" in element and float(entered) < float(element["min_value"]):
        return f"Please enter {element['min_value']} or more."
    if "max_value" in element and float(entered) > float(element["max_value"]):
        return f"Please enter {element['max_value']} or less."
    return None
