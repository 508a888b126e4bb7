"""The workspace's state in memory: messages, views, files, handles; and who waits for a change."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from lab.slack.app.manifest import AppManifest
from lab.slack.directory import Channel, Directory, User
from lab.slack.faults import Faults
from lab.slack.files import Canvas, Files
from lab.slack.message import Message, Reaction, kept_content
from lab.slack.modals import Homes, Modals
from lab.slack.one_time import ResponseUrls, SocketTickets, TriggerIds
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json

__all__ = ["Message", "Workspace"]


# What becomes of a reply whose parent was deleted. Slack documents nothing. Users report that it lands in the
# channel, outside every thread, and that it is refused (thread_not_found); below a tombstone it may stay.
RepliesToDeleted = Literal["outside", "refused", "below"]


class Workspace:
    """One team with its one app. All methods are synchronous: a change is complete when they return."""

    def __init__(
        self,
        directory: Directory | None = None,
        url: str = "https://neumann-lab.slack.com",
        manifest: AppManifest | None = None,
    ) -> None:
        self.directory = directory or Directory()
        self.manifest = manifest or AppManifest()
        self.url = url
        self.socket_url = ""
        self._messages: dict[tuple[str, str], Message] = {}  # by channel and ts, oldest first
        self._replies: dict[tuple[str, str], list[str]] = {}  # channel and parent's ts to the replies' ts
        self.triggers = TriggerIds()
        self.response_urls = ResponseUrls()
        self.socket_tickets = SocketTickets()
        self.modals = Modals(self.touch)
        self.homes = Homes(self.touch)
        self.files = Files(self.touch)
        self.canvases: dict[str, Canvas] = {}
        self.faults = Faults(self.touch)
        self.fail = self.faults.fail
        self.archived_ids: set[str] = set()
        self.edit_window_s: float | None = None  # None: edited at any time; a workspace's owner may set it
        self.replies_to_deleted: RepliesToDeleted = "outside"
        self.deleted: set[tuple[str, str]] = set()  # by channel and ts
        self.event_listeners: list[Callable[[Json], None]] = []
        self.version = 0
        self.is_closed = False
        self._last_ts_us = 0
        self._changed = asyncio.Event()

    @property
    def messages(self) -> list[Message]:
        """Return every message, oldest first, replies and ephemeral ones included."""
        return list(self._messages.values())

    def user(self, name_or_id: object) -> User:
        """Return a user by id or name; raises `SlackRefusalError("user_not_found")`."""
        if user := self.directory.user(name_or_id):
            return user
        raise SlackRefusalError("user_not_found")

    def channel(self, name_or_id: object) -> Channel:
        """Return a channel by id or name; raises `SlackRefusalError("channel_not_found")`."""
        if channel := self.directory.channel(name_or_id):
            return channel
        raise SlackRefusalError("channel_not_found")

    def post(
        self,
        channel_id: str,
        user_id: str,
        content: Mapping[str, Any],
        *,
        thread_ts: str | None = None,
        ephemeral_to: str | None = None,
    ) -> Message:
        """Add a checked message: `content` holds `text`, `blocks`, `attachments`, `metadata` as sent."""
        if thread_ts is not None and self.message(channel_id, thread_ts).is_reply:
            raise SlackRefusalError("cannot_reply_to_message")
        message = Message(
            channel_id,
            self.next_ts(),
            user_id,
            "",
            thread_ts=thread_ts,
            ephemeral_to=ephemeral_to,
            received_monotonic_s=time.monotonic(),
        )
        message = replace(message, **kept_content(content))
        if message.is_reply:
            self._replies.setdefault((channel_id, str(thread_ts)), []).append(message.ts)
        return self._keep(message)

    def message(self, channel_id: str, ts: object) -> Message:
        """Return a message by channel and ts; raises `SlackRefusalError("message_not_found")`."""
        if message := self._messages.get((channel_id, str(ts))):
            return message
        raise SlackRefusalError("message_not_found")

    def edit(self, message: Message, content: Mapping[str, Any], *, is_marked: bool = True) -> Message:
        """Change a message; parts of the content which are absent stay as they are."""
        edited_ts = self.next_ts() if is_marked else message.edited_ts
        edited_s = time.monotonic()
        return self._keep(
            replace(message, **kept_content(content), edited_ts=edited_ts, edited_monotonic_s=edited_s)
        )

    def react(self, message: Message, user_id: str, name: str) -> Message:
        """Add one person's reaction; raises `SlackRefusalError("already_reacted")`."""
        known = {reaction.name: reaction for reaction in message.reactions}
        before = known.get(name, Reaction(name, ()))
        if user_id in before.user_ids:
            raise SlackRefusalError("already_reacted")
        known[name] = Reaction(name, (*before.user_ids, user_id))
        return self._keep(replace(message, reactions=tuple(known.values())))

    def take_back(self, message: Message, user_id: str, name: str) -> Message:
        """Take one person's reaction away; raises `SlackRefusalError("no_reaction")`."""
        if not any(each.name == name and user_id in each.user_ids for each in message.reactions):
            raise SlackRefusalError("no_reaction")
        left = [
            replace(each, user_ids=tuple(other for other in each.user_ids if other != user_id))
            if each.name == name
            else each
            for each in message.reactions
        ]
        return self._keep(replace(message, reactions=tuple(each for each in left if each.user_ids)))

    def delete(self, message: Message) -> None:
        """Take a message away; a thread's parent leaves a tombstone, so that its replies stay."""
        self.deleted.add((message.channel_id, message.ts))
        if self.replies(message.channel_id, message.ts):
            words = "This message was deleted."
            grave = Message(message.channel_id, message.ts, "USLACKBOT", words, is_tombstone=True)
            self._keep(replace(grave, thread_ts=message.ts))
            return
        del self._messages[message.channel_id, message.ts]
        self.touch()

    def replies(self, channel_id: str, thread_ts: str) -> list[Message]:
        """Return a thread's replies, the parent not among them, oldest first, ephemeral ones left out."""
        known = (
            self._messages.get((channel_id, ts)) for ts in self._replies.get((channel_id, thread_ts), ())
        )
        return [message for message in known if message is not None and message.ephemeral_to is None]

    def announce(self, event: Json) -> None:
        """Tell the app of something that happened, if it subscribes to it."""
        for listener in self.event_listeners:
            listener(event)

    def archive(self, channel_name_or_id: str, *, is_archived: bool = True) -> None:
        """Archive a channel, or bring it back."""
        channel_id = self.channel(channel_name_or_id).id
        (self.archived_ids.add if is_archived else self.archived_ids.discard)(channel_id)
        self.touch()

    def remove_bot(self, channel_name_or_id: str, *, is_removed: bool = True) -> None:
        """Take the bot out of a channel, or invite it."""
        channel, bot = self.channel(channel_name_or_id), self.directory.bot
        others = tuple(each for each in channel.member_ids if each != bot.id)
        changed = replace(channel, member_ids=others if is_removed else (*others, bot.id))
        channels = tuple(changed if each.id == channel.id else each for each in self.directory.channels)
        self.directory = replace(self.directory, channels=channels)
        self.touch()

    def touch(self) -> None:
        """Tell everyone who waits that something changed."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, seen_version: int) -> int:
        """Return the version once it is not `seen_version`, or the workspace is closed."""
        while self.version == seen_version and not self.is_closed:
            await self._changed.wait()
        return self.version

    def close(self) -> None:
        """Let go of everyone who waits."""
        self.is_closed = True
        self.touch()

    def next_ts(self) -> str:
        """Return a new message id: the time in seconds, and larger than every one before."""
        self._last_ts_us = max(time.time_ns() // 1000, self._last_ts_us + 1)
        return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"

    def _keep(self, message: Message) -> Message:
        self._messages[message.channel_id, message.ts] = message
        self.touch()
        return message
