"""What a person filled into a modal, as the view state Slack sends."""

from collections.abc import Mapping

from lab.slack.modals import OpenView
from lab.slack.shapes import Json

_MANY = ("checkboxes", "multi_static_select")


def view_state(view: OpenView, values: Mapping[str, object]) -> Json:
    """The `state.values` of a view.

    `values` maps a block_id or action_id to what was entered: text, an option's value, or a list of those.
    Fields which `values` does not name keep their initial value.
    """
    state: Json = {}
    for block in view.blocks:
        element = _field(block)
        if element is not None:
            entered = values.get(block["block_id"], values.get(element["action_id"]))
            state[block["block_id"]] = {element["action_id"]: _entry(element, entered)}
    return state


def missing_fields(view: OpenView, state: Json) -> dict[str, str]:
    """What Slack's own client refuses before it asks the app: block_id to sentence."""
    errors: dict[str, str] = {}
    for block in view.blocks:
        element = _field(block)
        if element is None or block["type"] != "input":
            continue
        entry = state[block["block_id"]][element["action_id"]]
        entered = entry.get("value") or entry.get("selected_option") or entry.get("selected_options")
        if not entered and not block.get("optional"):
            errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(entered, str):
            errors |= _length_error(block["block_id"], element, entered)
    return errors


def _field(block: Json) -> Json | None:
    """The input element of a block, if it holds one."""
    element = block.get("element") or block.get("accessory")
    if isinstance(element, dict) and element["type"] not in {"button", "overflow", "image"}:
        return element
    return None


def _entry(element: Json, entered: object) -> Json:
    kind = element["type"]
    if kind in _MANY:
        if entered is None:
            return {"type": kind, "selected_options": element.get("initial_options", [])}
        wanted = entered if isinstance(entered, list) else [entered]
        return {"type": kind, "selected_options": [o for o in element["options"] if o["value"] in wanted]}
    if "options" in element:
        chosen = next((o for o in element["options"] if o["value"] == entered), None)
        return {"type": kind, "selected_option": element.get("initial_option") if entered is None else chosen}
    return {"type": kind, "value": element.get("initial_value") if entered is None else str(entered) or None}


def _length_error(block_id: str, element: Json, entered: str) -> dict[str, str]:
    shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
    if len(entered) < shortest:
        return {block_id: f"Please enter at least {shortest} characters."}
    if len(entered) > longest:
        return {block_id: f"Please enter no more than {longest} characters."}
    return {}
