"""What Slack's documentation says an answer carries: by the types of it alone is anything proven. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Holds = Callable[[object], bool]

_TS = re.compile(r"\d{1,20}\.\d{1,20}", re.ASCII)


def _is_ts(value: object) -> bool:
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_name, value))


def _are_messages(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and _is_ts(each.get("ts")) for each in value
    )


CARRIED: Mapping[str, tuple[str, Holds]] = {
    "chat.postMessage": ("ts", _is_ts),
    "chat.update": ("ts", _is_ts),
    "conversations.history": ("messages", _are_messages),
    "conversations.replies": ("messages", _are_messages),
    "users.info": ("user", _is_object),
    "usergroups.users.list": ("users", _are_names),
    "auth.test": ("team_id", _is_name),
}
"""By method the field that its answer is read for, and what that holds (docs.slack.dev/reference/methods)."""


def is_documented(method: str, body: object) -> bool:
    """Return whether an answer says that the method was carried out, in the way that Slack documents."""
    if not isinstance(body, dict) or body.get("ok") is not True:
        return False
    name, holds = CARRIED.get(method, ("ok", bool))
    return holds(body.get(name))
