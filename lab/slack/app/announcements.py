"""Tells the app of a message that was written, and of a Home tab that was opened.

Not told here: that a message was changed or deleted, and who came or went.
"""

from lab.slack.directory import User
from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.views import view_json
from lab.slack.workspace import Workspace


def message_written(workspace: Workspace, message: Message) -> None:
    """Send a `message` event where the bot is, and an `app_mention` for one in a channel that names it."""
    channel, bot = workspace.channel(message.channel_id), workspace.directory.bot
    if bot.id not in channel.member_ids:
        return
    event = message_json(workspace, message, with_metadata=False) | {
        "channel": channel.id,
        "channel_type": "im" if channel.is_im else "channel",
        "event_ts": message.ts,
    }
    is_mention = f"<@{bot.id}>" in message.text and message.user_id != bot.id and not channel.is_im
    for kind in ("app_mention", "message") if is_mention else ("message",):
        workspace.announce(event | {"type": kind})


def home_opened(workspace: Workspace, user: User) -> None:
    """Send an `app_home_opened` event, with the view if there is one."""
    view = workspace.homes.of(user.id)
    event = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": workspace.channel(user.id).id,
        "tab": "home",
        "event_ts": workspace.next_ts(),
    }
    workspace.announce(event | ({"view": view_json(workspace, view)} if view else {}))
