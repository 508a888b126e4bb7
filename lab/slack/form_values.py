"""What a person filled in, as Slack sends it: in a modal's state, or as the value of an action."""

from collections.abc import Iterable, Mapping

from lab.slack.limit_table import INPUT_VALUE
from lab.slack.shapes import Json

_WITHOUT_STATE = ("button", "overflow")


def state_of(blocks: Iterable[Json], values: Mapping[str, object]) -> Json:
    """Return the `state.values` of a view or message.

    `values` maps a block_id or action_id to what was entered: text, an option's value, an id, or a list
    of those. Fields which `values` does not name keep their initial value.
    """
    state: Json = {}
    for block in blocks:
        for element in _fields(block):
            entered = values.get(block["block_id"], values.get(element["action_id"]))
            state.setdefault(block["block_id"], {})[element["action_id"]] = entry(element, entered)
    return state


def entry(element: Json, entered: object) -> Json:
    """Return one field's entry: its type, and what was entered, or what stood there at first."""
    kind = element["type"]
    if kind == "checkboxes":
        chosen = element.get("initial_options", []) if entered is None else _chosen(element, _listed(entered))
        return {"type": kind, "selected_options": chosen}
    if kind == "users_select":
        return {
            "type": kind,
            "selected_user": element.get("initial_user") if entered is None else entered or None,
        }
    if options(element):
        first = next(iter(_chosen(element, [entered])), None)
        return {"type": kind, "selected_option": element.get("initial_option") if entered is None else first}
    return {"type": kind, "value": element.get("initial_value") if entered is None else str(entered) or None}


def options(element: Json) -> list[Json]:
    """Return everything there is to choose from."""
    return list(element.get("options", ()))


def missing_fields(blocks: Iterable[Json], state: Json) -> dict[str, str]:
    """Return what Slack's own client refuses before it asks the app: block_id to sentence."""
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
    """Return the elements of a block which keep what was entered."""
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
    if element["type"] != "plain_text_input":
        return None
    shortest, longest = element.get("min_length", 0), element.get("max_length", INPUT_VALUE)
    if len(entered) < shortest:
        return f"Please enter at least {shortest} characters."
    return f"Please enter no more than {longest} characters." if len(entered) > longest else None
