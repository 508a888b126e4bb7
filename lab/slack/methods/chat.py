"""The Web API's chat methods."""

import time

from lab.slack.app.announcements import message_written
from lab.slack.directory import Channel
from lab.slack.limit_table import UPDATED_TEXT
from lab.slack.limits import check_message
from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.places import (
    channel_by_id,
    thread_of,
    writable_channel,
)
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def post_message(workspace: Workspace, request: Json) -> Json:
    """chat.postMessage; a user's id stands for the direct message, if the app's messages tab is on."""
    channel = writable_channel(workspace, request.get("channel"))
    if channel.is_im and not workspace.manifest.has_messages_tab:
        raise SlackRefusalError("messages_tab_disabled")
    check_message(request)
    thread_ts = thread_of(workspace, channel, request.get("thread_ts"))
    message = workspace.post(channel.id, workspace.directory.bot.id, _sent(request), thread_ts=thread_ts)
    message_written(workspace, message)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(workspace, message)}


def update(workspace: Workspace, request: Json) -> Json:
    """Answer chat.update: parts left out stay, but a text without blocks takes the blocks away.

    Slack marks a message as edited when its text was given without blocks.
    """
    # An id only: Slack's page says that a user's id does not stand for the direct message here.
    channel = channel_by_id(workspace, request.get("channel"))
    writable_channel(workspace, channel.id, when_archived="is_inactive")
    message = _own_message(workspace, channel, request.get("ts"), "cant_update_message")
    age_s = time.monotonic() - message.received_monotonic_s
    if workspace.edit_window_s is not None and age_s > workspace.edit_window_s:
        raise SlackRefusalError("edit_window_closed")
    check_message(request, text_characters=UPDATED_TEXT)
    is_text_alone = bool(request.get("text")) and request.get("blocks") is None
    content = {**_sent(request), "blocks": []} if is_text_alone else _sent(request)
    changed = workspace.edit(message, content, is_marked=is_text_alone)
    wire = message_json(workspace, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": wire}


def delete(workspace: Workspace, request: Json) -> Json:
    """chat.delete: an app's token deletes the app's own messages."""
    channel = channel_by_id(workspace, request.get("channel"))
    message = _own_message(workspace, channel, request.get("ts"), "cant_delete_message")
    workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(workspace: Workspace, request: Json) -> Json:
    """Answer chat.getPermalink with a link that the lab's page opens."""
    channel = channel_by_id(workspace, request.get("channel"))
    message = workspace.message(channel.id, request.get("message_ts"))
    link = f"{workspace.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _sent(request: Json) -> Json:
    names = ("text", "blocks", "attachments", "metadata")
    return {name: request[name] for name in names if name in request}


def _own_message(workspace: Workspace, channel: Channel, ts: object, otherwise: str) -> Message:
    message = workspace.message(channel.id, ts)
    if message.ephemeral_to is not None or message.is_tombstone:
        raise SlackRefusalError("message_not_found")
    if message.user_id != workspace.directory.bot.id:
        raise SlackRefusalError(otherwise)
    return message
