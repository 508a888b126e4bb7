"""What Slack's documentation says an answer carries: by the types of it alone is anything proven. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Answer = Mapping[str, Any]

_TS = re.compile(r"\d{1,20}\.\d{1,20}", re.ASCII)


def _is_ts(value: object) -> bool:
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _has_message(answer: Answer) -> bool:
    """Return whether a message stands there; of what else Slack says about it some may be left out."""
    said = answer.get("channel", "C"), answer.get("message", {})
    return _is_ts(answer.get("ts")) and _is_name(said[0]) and isinstance(said[1], dict)


def _has_messages(answer: Answer) -> bool:
    found = answer.get("messages")
    return isinstance(found, list) and all(
        isinstance(each, dict) and _is_ts(each.get("ts")) for each in found
    )


def _has_user(answer: Answer) -> bool:
    return isinstance(answer.get("user"), dict)


def _has_users(answer: Answer) -> bool:
    return isinstance(answer.get("users"), list) and all(map(_is_name, answer["users"]))


def _has_groups(answer: Answer) -> bool:
    found = answer.get("usergroups")
    return isinstance(found, list) and all(
        isinstance(each, dict) and _is_name(each.get("id")) and _has_users({"users": [], **each})
        for each in found
    )


def _has_team(answer: Answer) -> bool:
    return _is_name(answer.get("team_id"))


CARRIED: Mapping[str, Callable[[Answer], bool]] = {
    "chat.postMessage": _has_message,
    "chat.update": _has_message,
    "conversations.history": _has_messages,
    "conversations.replies": _has_messages,
    "users.info": _has_user,
    "usergroups.list": _has_groups,
    "usergroups.users.list": _has_users,
    "auth.test": _has_team,
}
"""By method whether its answer carries what it is read for (docs.slack.dev/reference/methods)."""


def is_documented(method: str, body: object) -> bool:
    """Return whether an answer says that the method was carried out, in the way that Slack documents."""
    if not isinstance(body, dict) or body.get("ok") is not True:
        return False
    return method not in CARRIED or CARRIED[method](body)
