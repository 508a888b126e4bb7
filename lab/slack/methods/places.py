"""What several methods ask first: may the bot write there, read there; which message is meant."""

from collections.abc import Sequence

from lab.slack.directory import Channel
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


def channel_by_id(workspace: Workspace, channel_id: object) -> Channel:
    """Return the channel of this id; refuse a name, as Slack's reading methods refuse it."""
    channel = workspace.channel(channel_id)
    if channel.id != channel_id:
        raise SlackRefusalError("channel_not_found")
    return channel


def own_channel(workspace: Workspace, channel_id: object) -> Channel:
    """Return the channel, if the bot is in it."""
    channel = workspace.channel(channel_id)
    if workspace.directory.bot.id not in channel.member_ids:
        raise SlackRefusalError("not_in_channel")
    return channel


def writable_channel(
    workspace: Workspace, channel_id: object, *, when_archived: str = "is_archived"
) -> Channel:
    """Return the channel, if the bot is in it and it is not archived."""
    channel = own_channel(workspace, channel_id)
    if channel.id in workspace.archived_ids:
        raise SlackRefusalError(when_archived)
    return channel


def thread_of(workspace: Workspace, channel: Channel, thread_ts: object) -> str | None:
    """Return the parent that a message goes below, if any; where it was deleted, as the workspace has it."""
    if not thread_ts:
        return None
    was_deleted = (channel.id, str(thread_ts)) in workspace.deleted
    if was_deleted and workspace.replies_to_deleted == "outside":
        return None
    try:
        parent = workspace.message(channel.id, thread_ts)
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    if parent.ephemeral_to is not None or (was_deleted and workspace.replies_to_deleted == "refused"):
        raise SlackRefusalError("thread_not_found")
    return parent.ts


def page(request: Json, name: str, everything: Sequence[object]) -> Json:
    """Return one page by `limit` and `cursor`; the cursor is the offset of the next item."""
    try:
        start, limit = int(request.get("cursor") or 0), min(int(request.get("limit") or 100), 1000)
    except ValueError as error:
        raise SlackRefusalError("invalid_cursor") from error
    end = start + limit
    more = end < len(everything)
    return {
        name: list(everything[start:end]),
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


def is_true(value: object) -> bool:
    """Return whether a flag is set, as JSON or a form carries it."""
    return value in (True, 1, "1", "true", "True")
