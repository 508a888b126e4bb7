"""How a message looks on the wire."""

from lab.slack.message import Message, Reaction
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def message_json(workspace: Workspace, message: Message, *, with_metadata: bool = True) -> Json:
    """Return the message object of Slack's answers, thread counts included."""
    user = workspace.directory.user(message.user_id)
    wire: Json = {
        "type": "message",
        "user": message.user_id,
        "ts": message.ts,
        "text": message.text,
        "team": user.team_id if user else workspace.directory.team_id,
        **_sender(workspace, message),
        **_content(workspace, message),
    }
    if message.thread_ts:
        wire["thread_ts"] = message.thread_ts
    if message.edited_ts:
        wire["edited"] = {"user": message.user_id, "ts": message.edited_ts}
    if message.metadata and with_metadata:
        wire["metadata"] = message.metadata
    if message.reactions:
        wire["reactions"] = reactions_json(message.reactions)
    return wire | _thread_counts(workspace, message)


def reactions_json(reactions: tuple[Reaction, ...]) -> list[Json]:
    """Return the reactions of a message."""
    return [
        {"name": each.name, "users": list(each.user_ids), "count": len(each.user_ids)} for each in reactions
    ]


def _sender(workspace: Workspace, message: Message) -> Json:
    directory = workspace.directory
    if message.is_tombstone:
        return {"subtype": "tombstone", "hidden": True}
    if message.user_id == directory.bot.id:
        return {"bot_id": directory.bot_id, "app_id": directory.app_id}
    user = directory.user(message.user_id)
    return {"bot_id": f"B{user.id[1:]}", "subtype": "bot_message"} if user and user.is_bot else {}


def _content(workspace: Workspace, message: Message) -> Json:
    wire: Json = {}
    if message.blocks:
        wire["blocks"] = list(message.blocks)
    if message.attachments:
        wire["attachments"] = [
            {name: part for name, part in attachment.items() if name != "blocks" or part}
            for attachment in message.attachments
        ]
    if message.file_ids:
        files = [workspace.files.find(file_id) for file_id in message.file_ids]
        wire["files"] = [file.to_slack(workspace.url) for file in files]
    return wire


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
