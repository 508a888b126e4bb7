"""Reactions that people give and take back; the app hears of each."""

import re

from lab.slack.message import Message
from lab.slack.refusal import SlackRefusalError
from lab.slack.workspace import Workspace

_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}")


def put_reaction(workspace: Workspace, message: Message, user_id: str, name: str) -> None:
    """Add somebody's reaction, and tell the app."""
    workspace.react(message, user_id, name)
    _tell(workspace, "reaction_added", message, user_id, name)


def drop_reaction(workspace: Workspace, message: Message, user_id: str, name: str) -> None:
    """Take somebody's reaction away, and tell the app."""
    workspace.take_back(message, user_id, name)
    _tell(workspace, "reaction_removed", message, user_id, name)


def emoji_name(name: object) -> str:
    """Return an emoji's name, colons taken off; raises `SlackRefusalError("invalid_name")`."""
    bare = str(name or "").strip(":")
    if not _EMOJI.fullmatch(bare.partition("::")[0]):
        raise SlackRefusalError("invalid_name")
    return bare


def _tell(workspace: Workspace, kind: str, message: Message, user_id: str, name: str) -> None:
    item = {"type": "message", "channel": message.channel_id, "ts": message.ts}
    event = {"type": kind, "user": user_id, "reaction": name, "item": item, "item_user": message.user_id}
    workspace.announce(event | {"event_ts": workspace.next_ts()})
