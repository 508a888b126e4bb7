"""What several methods ask first: may the bot write there, read there; which message is meant."""

from collections.abc import Sequence

from lab.slack.block_kit.reading import file_references
from lab.slack.directory import Channel
from lab.slack.limits import check_message
from lab.slack.message import Message
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json, problem
from lab.slack.workspace import Workspace


def channel_by_id(workspace: Workspace, channel_id: object) -> Channel:
    """The channel of this id; a name is refused, as Slack's reading methods refuse it."""
    channel = workspace.channel(channel_id)
    if channel.id != channel_id:
        raise SlackRefusalError("channel_not_found")
    return channel


def own_channel(workspace: Workspace, channel_id: object) -> Channel:
    """The channel, if the bot is in it."""
    channel = workspace.channel(channel_id)
    if workspace.directory.bot.id not in channel.member_ids:
        raise SlackRefusalError("not_in_channel")
    return channel


def writable_channel(
    workspace: Workspace, channel_id: object, *, when_archived: str = "is_archived"
) -> Channel:
    """The channel, if the bot is in it and it is not archived."""
    channel = own_channel(workspace, channel_id)
    if channel.id in workspace.archived_ids:
        raise SlackRefusalError(when_archived)
    return channel


def marked_message(workspace: Workspace, channel: Channel, timestamp: object) -> Message:
    """The message a reaction or pin is about; ephemeral ones take none."""
    if not timestamp:
        raise SlackRefusalError("no_item_specified")
    message = workspace.message(channel.id, timestamp)
    if message.ephemeral_to is not None:
        raise SlackRefusalError("message_not_found")
    return message


def thread_of(workspace: Workspace, channel: Channel, thread_ts: object) -> str | None:
    """The parent that a message goes below, if any."""
    if not thread_ts:
        return None
    try:
        parent = workspace.message(channel.id, thread_ts)
    except SlackRefusalError as error:
        raise SlackRefusalError("thread_not_found") from error
    if parent.ephemeral_to is not None or parent.is_tombstone:
        raise SlackRefusalError("thread_not_found")
    return parent.ts


def check_content(workspace: Workspace, content: Json, **limits: int) -> None:
    """Refuse a message that Slack refuses, images of unknown files included."""
    check_message(content, **limits)
    check_images(workspace, [content.get("blocks"), content.get("attachments")], "invalid_blocks")


def check_images(workspace: Workspace, blocks: object, error: str) -> None:
    """Refuse images taken from a file that is not there or no image."""
    for reference in file_references(blocks):
        file_id = reference.get("id") or str(reference.get("url")).partition("/files/")[2].partition("/")[0]
        try:
            is_image = workspace.files.find(file_id).is_image
        except SlackRefusalError:
            is_image = False
        if not is_image:
            raise SlackRefusalError(error, [problem("invalid slack file", "/slack_file")])


def page(request: Json, name: str, everything: Sequence[object]) -> Json:
    """One page by `limit` and `cursor`; the cursor is the offset of the next item."""
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
    """A flag as JSON or forms carry it."""
    return value in (True, 1, "1", "true", "True")
