"""The Web API's conversations methods."""

from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.places import channel_by_id, is_true, own_channel, page
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def history(workspace: Workspace, request: Json) -> Json:
    """Answer conversations.history: parents only, newest first."""
    channel = own_channel(workspace, channel_by_id(workspace, request.get("channel")).id)
    messages = [
        message
        for message in reversed(workspace.messages)
        if message.channel_id == channel.id and not message.is_reply and message.ephemeral_to is None
    ]
    return _messages(workspace, request, messages)


def replies(workspace: Workspace, request: Json) -> Json:
    """Answer conversations.replies: the parent, then the replies, oldest first."""
    channel = own_channel(workspace, channel_by_id(workspace, request.get("channel")).id)
    try:
        parent = workspace.message(channel.id, request.get("ts"))
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    return _messages(workspace, request, [parent, *workspace.replies(channel.id, parent.ts)])


def _messages(workspace: Workspace, request: Json, messages: list[Message]) -> Json:
    oldest, latest = str(request.get("oldest") or "0"), str(request.get("latest") or "9" * 12)
    at_edges = is_true(request.get("inclusive"))
    inside = [
        message_json(workspace, message, with_metadata=is_true(request.get("include_all_metadata")))
        for message in messages
        if float(oldest) < float(message.ts) < float(latest) or (at_edges and message.ts in (oldest, latest))
    ]
    return page(request, "messages", inside)
