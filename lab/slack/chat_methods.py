"""The Web API's chat, reactions and pins methods."""

from lab.slack.directory import Channel
from lab.slack.limits import UPDATED_TEXT_CHARACTERS, SlackRefusalError, check_message
from lab.slack.message_json import message_json
from lab.slack.shapes import Json
from lab.slack.workspace import Message, Workspace


def post_message(workspace: Workspace, request: Json) -> Json:
    """chat.postMessage."""
    channel = postable_channel(workspace, request.get("channel"))
    check_message(request)
    bot_id = workspace.directory.bot.id
    thread_ts = _thread_ts(workspace, channel, request)
    message = workspace.post(channel.id, bot_id, request, thread_ts=thread_ts)
    return {"channel": channel.id, "ts": message.ts, "message": message_json(workspace, message)}


def update(workspace: Workspace, request: Json) -> Json:
    """chat.update: parts left out stay, an empty list takes them away."""
    channel = postable_channel(workspace, request.get("channel"))
    message = _own_message(workspace, channel, request.get("ts"))
    check_message(request, text_characters=UPDATED_TEXT_CHARACTERS)
    changed = workspace.edit(message, request)
    wire = message_json(workspace, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": wire}


def delete(workspace: Workspace, request: Json) -> Json:
    """chat.delete."""
    channel = postable_channel(workspace, request.get("channel"))
    try:
        message = _own_message(workspace, channel, request.get("ts"))
    except SlackRefusalError as error:
        raise SlackRefusalError(error.error.replace("update", "delete")) from error
    workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(workspace: Workspace, request: Json) -> Json:
    """chat.postEphemeral: only one member of the channel sees it; it cannot be updated."""
    channel = postable_channel(workspace, request.get("channel"))
    user = workspace.directory.user(request.get("user"))
    if user is None or user.id not in channel.member_ids:
        raise SlackRefusalError("user_not_in_channel")
    check_message(request)
    message = workspace.post(
        channel.id,
        workspace.directory.bot.id,
        request,
        thread_ts=_thread_ts(workspace, channel, request),
        ephemeral_to=user.id,
    )
    return {"message_ts": message.ts}


def get_permalink(workspace: Workspace, request: Json) -> Json:
    """chat.getPermalink: a link which the lab's page opens."""
    channel = workspace.channel(request.get("channel"))
    message = workspace.message(channel.id, request.get("message_ts"))
    link = f"{workspace.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(workspace: Workspace, request: Json) -> Json:
    """reactions.add."""
    channel = postable_channel(workspace, request.get("channel"))
    message = workspace.message(channel.id, request.get("timestamp"))
    name = str(request.get("name") or "").strip(":")
    if not name:
        raise SlackRefusalError("invalid_name")
    if name in message.reactions:
        raise SlackRefusalError("already_reacted")
    workspace.mark(message, reaction=name)
    return {}


def add_pin(workspace: Workspace, request: Json) -> Json:
    """pins.add."""
    channel = postable_channel(workspace, request.get("channel"))
    message = workspace.message(channel.id, request.get("timestamp"))
    if message.is_pinned:
        raise SlackRefusalError("already_pinned")
    workspace.mark(message, pin=True)
    return {}


def postable_channel(workspace: Workspace, channel_id: object) -> Channel:
    """The channel, if the bot is in it; raises `SlackRefusalError`."""
    channel = workspace.channel(channel_id)
    if workspace.directory.bot.id not in channel.member_ids:
        raise SlackRefusalError("not_in_channel")
    return channel


def _own_message(workspace: Workspace, channel: Channel, ts: object) -> Message:
    message = workspace.message(channel.id, ts)
    if message.ephemeral_to is not None:
        raise SlackRefusalError("message_not_found")
    if message.user_id != workspace.directory.bot.id:
        raise SlackRefusalError("cant_update_message")
    return message


def _thread_ts(workspace: Workspace, channel: Channel, request: Json) -> str | None:
    if not request.get("thread_ts"):
        return None
    try:
        parent = workspace.message(channel.id, request["thread_ts"])
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    if parent.ephemeral_to is not None:
        raise SlackRefusalError("thread_not_found")
    return parent.ts
