"""How a message looks on the wire."""

from lab.slack.shapes import Json
from lab.slack.workspace import Message, Workspace


def message_json(workspace: Workspace, message: Message, *, with_metadata: bool = True) -> Json:
    """The message object of Slack's answers, thread counts included."""
    directory = workspace.directory
    wire: Json = {
        "type": "message",
        "user": message.user_id,
        "ts": message.ts,
        "text": message.text,
        "team": directory.team_id,
    }
    if message.user_id == directory.bot.id:
        wire |= {"bot_id": directory.bot_id, "app_id": directory.app_id}
    if message.blocks:
        wire["blocks"] = list(message.blocks)
    if message.attachments:
        wire["attachments"] = [
            {name: part for name, part in attachment.items() if name != "blocks" or part}
            for attachment in message.attachments
        ]
    if message.thread_ts:
        wire["thread_ts"] = message.thread_ts
    if message.edited_ts:
        wire["edited"] = {"user": message.user_id, "ts": message.edited_ts}
    if message.metadata and with_metadata:
        wire["metadata"] = message.metadata
    if message.reactions:
        wire["reactions"] = [{"name": name, "count": 1} for name in message.reactions]
    if message.is_pinned:
        wire["pinned_to"] = [message.channel_id]
    return wire | _thread_counts(workspace, message)


def _thread_counts(workspace: Workspace, message: Message) -> Json:
    replies = workspace.replies(message.channel_id, message.ts)
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(reply.user_id for reply in replies)),
        "latest_reply": replies[-1].ts,
    }
