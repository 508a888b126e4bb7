"""The Web API's reactions and pins methods."""

import re

from lab.slack.message import Message
from lab.slack.message_json import message_json, reactions_json
from lab.slack.methods.places import marked_message, own_channel, writable_channel
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace

_EMOJI = re.compile(r"[a-z0-9_+'-]{1,100}")


def add_reaction(workspace: Workspace, request: Json) -> Json:
    """reactions.add."""
    message, name = _named(workspace, request)
    put_reaction(workspace, message, workspace.directory.bot.id, name)
    return {}


def remove_reaction(workspace: Workspace, request: Json) -> Json:
    """reactions.remove."""
    message, name = _named(workspace, request)
    drop_reaction(workspace, message, workspace.directory.bot.id, name)
    return {}


def get_reactions(workspace: Workspace, request: Json) -> Json:
    """reactions.get."""
    channel = own_channel(workspace, request.get("channel"))
    message = marked_message(workspace, channel, request.get("timestamp"))
    wire = message_json(workspace, message) | {"reactions": reactions_json(message.reactions)}
    return {"type": "message", "channel": channel.id, "message": wire}


def add_pin(workspace: Workspace, request: Json) -> Json:
    """pins.add."""
    channel = writable_channel(workspace, request.get("channel"))
    message = marked_message(workspace, channel, request.get("timestamp"))
    if message.is_pinned:
        raise SlackRefusalError("already_pinned")
    workspace.pin(message, is_pinned=True)
    return {}


def remove_pin(workspace: Workspace, request: Json) -> Json:
    """pins.remove."""
    channel = writable_channel(workspace, request.get("channel"))
    message = marked_message(workspace, channel, request.get("timestamp"))
    if not message.is_pinned:
        raise SlackRefusalError("no_pin")
    workspace.pin(message, is_pinned=False)
    return {}


def list_pins(workspace: Workspace, request: Json) -> Json:
    """pins.list."""
    channel = own_channel(workspace, request.get("channel"))
    pinned = [each for each in workspace.messages if each.channel_id == channel.id and each.is_pinned]
    items = [
        {"type": "message", "channel": channel.id, "message": message_json(workspace, m)} for m in pinned
    ]
    return {"items": items}


def put_reaction(workspace: Workspace, message: Message, user_id: str, name: str) -> None:
    """Add somebody's reaction, and tell the app."""
    workspace.react(message, user_id, name)
    _tell(workspace, "reaction_added", message, user_id, name)


def drop_reaction(workspace: Workspace, message: Message, user_id: str, name: str) -> None:
    """Take somebody's reaction away, and tell the app."""
    workspace.take_back(message, user_id, name)
    _tell(workspace, "reaction_removed", message, user_id, name)


def emoji_name(name: object) -> str:
    """An emoji's name, colons taken off; raises `SlackRefusalError("invalid_name")`."""
    bare = str(name or "").strip(":")
    if not _EMOJI.fullmatch(bare.partition("::")[0]):
        raise SlackRefusalError("invalid_name")
    return bare


def _named(workspace: Workspace, request: Json) -> tuple[Message, str]:
    channel = writable_channel(workspace, request.get("channel"))
    name = emoji_name(request.get("name"))
    return marked_message(workspace, channel, request.get("timestamp")), name


def _tell(workspace: Workspace, kind: str, message: Message, user_id: str, name: str) -> None:
    item = {"type": "message", "channel": message.channel_id, "ts": message.ts}
    event = {"type": kind, "user": user_id, "reaction": name, "item": item, "item_user": message.user_id}
    workspace.announce(event | {"event_ts": workspace.next_ts()})
