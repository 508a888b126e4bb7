"""The Web API's conversations methods."""

from lab.slack.directory import Channel
from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.places import channel_by_id, is_true, own_channel, page
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def info(workspace: Workspace, request: Json) -> Json:
    """conversations.info; takes ids only, as Slack does."""
    return {"channel": _wire(workspace, channel_by_id(workspace, request.get("channel")))}


def list_all(workspace: Workspace, request: Json) -> Json:
    """conversations.list."""
    wants_im = "im" in str(request.get("types") or "public_channel").split(",")
    hides_archived = is_true(request.get("exclude_archived"))
    shown = [
        _wire(workspace, channel)
        for channel in workspace.directory.channels
        if (wants_im or not channel.is_im) and not (hides_archived and channel.id in workspace.archived_ids)
    ]
    return page(request, "channels", shown)


def members(workspace: Workspace, request: Json) -> Json:
    """conversations.members."""
    return page(request, "members", channel_by_id(workspace, request.get("channel")).member_ids)


def open_direct(workspace: Workspace, request: Json) -> Json:
    """conversations.open for one person: the direct message, where there can be one."""
    user = workspace.directory.user(request.get("users"))
    if user is None:
        raise SlackRefusalError("user_not_found")
    if user.is_deactivated:
        raise SlackRefusalError("user_disabled")
    try:
        return {"channel": {"id": workspace.channel(user.id).id}}
    except SlackRefusalError as error:
        raise SlackRefusalError("cannot_dm_bot" if user.is_bot else "restricted_action") from error


def history(workspace: Workspace, request: Json) -> Json:
    """conversations.history: parents only, newest first."""
    channel = own_channel(workspace, channel_by_id(workspace, request.get("channel")).id)
    messages = [
        message
        for message in reversed(workspace.messages)
        if message.channel_id == channel.id and not message.is_reply and message.ephemeral_to is None
    ]
    return _messages(workspace, request, messages)


def replies(workspace: Workspace, request: Json) -> Json:
    """conversations.replies: the parent, then the replies, oldest first."""
    channel = own_channel(workspace, channel_by_id(workspace, request.get("channel")).id)
    try:
        parent = workspace.message(channel.id, request.get("ts"))
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    return _messages(workspace, request, [parent, *workspace.replies(channel.id, parent.ts)])


def _wire(workspace: Workspace, channel: Channel) -> Json:
    is_archived = channel.id in workspace.archived_ids
    return channel.to_slack(workspace.directory.bot.id, is_archived=is_archived)


def _messages(workspace: Workspace, request: Json, messages: list[Message]) -> Json:
    oldest, latest = str(request.get("oldest") or "0"), str(request.get("latest") or "9" * 12)
    at_edges = is_true(request.get("inclusive"))
    inside = [
        message_json(workspace, message, with_metadata=is_true(request.get("include_all_metadata")))
        for message in messages
        if float(oldest) < float(message.ts) < float(latest) or (at_edges and message.ts in (oldest, latest))
    ]
    return page(request, "messages", inside)
