"""The workspace's state in memory: messages, modals, handles; and who waits for a change."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.slack.block_ids import with_ids
from lab.slack.directory import Channel, Directory, User
from lab.slack.limits import SlackRefusalError
from lab.slack.modals import Modals
from lab.slack.one_time import ResponseUrls, TriggerIds
from lab.slack.shapes import Json


@dataclass(frozen=True)
class Message:
    """One message; `ts` is Slack's message id, the two monotonic times are ours, for measurements."""

    channel_id: str
    ts: str
    user_id: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    thread_ts: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    ephemeral_to: str | None = None
    reactions: tuple[str, ...] = ()
    is_pinned: bool = False
    received_monotonic_s: float = 0.0
    edited_monotonic_s: float | None = None

    @property
    def is_reply(self) -> bool:
        """Whether the message stands in a thread below its parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class Workspace:
    """One team with its one app. All methods are synchronous: a change is complete when they return."""

    def __init__(
        self, directory: Directory | None = None, url: str = "https://neumann-lab.slack.com"
    ) -> None:
        self.directory = directory or Directory()
        self.url = url
        self._messages: dict[tuple[str, str], Message] = {}  # by channel and ts, oldest first
        self._replies: dict[tuple[str, str], list[str]] = {}  # channel and parent's ts to the replies' ts
        self.triggers = TriggerIds()
        self.response_urls = ResponseUrls()
        self.modals = Modals(self.touch)
        self.version = 0
        self.is_closed = False
        self._last_ts_us = 0
        self._changed = asyncio.Event()

    @property
    def messages(self) -> list[Message]:
        """Every message, oldest first, replies and ephemeral ones included."""
        return list(self._messages.values())

    def user(self, name_or_id: object) -> User:
        """A user by id or name; raises `SlackRefusalError("user_not_found")`."""
        if user := self.directory.user(name_or_id):
            return user
        raise SlackRefusalError("user_not_found")

    def channel(self, name_or_id: object) -> Channel:
        """A channel by id or name; raises `SlackRefusalError("channel_not_found")`."""
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
            self._next_ts(),
            user_id,
            "",
            thread_ts=thread_ts,
            ephemeral_to=ephemeral_to,
            received_monotonic_s=time.monotonic(),
        )
        message = replace(message, **_content(content))
        if message.is_reply:
            self._replies.setdefault((channel_id, str(thread_ts)), []).append(message.ts)
        return self._keep(message)

    def message(self, channel_id: str, ts: object) -> Message:
        """A message by channel and ts; raises `SlackRefusalError("message_not_found")`."""
        if message := self._messages.get((channel_id, str(ts))):
            return message
        raise SlackRefusalError("message_not_found")

    def edit(self, message: Message, content: Mapping[str, Any]) -> Message:
        """Change a message; parts of the content which are absent stay as they are."""
        edited_s = time.monotonic()
        new = replace(message, **_content(content), edited_ts=self._next_ts(), edited_monotonic_s=edited_s)
        return self._keep(new)

    def mark(self, message: Message, *, reaction: str | None = None, pin: bool = False) -> Message:
        """Add a reaction or a pin."""
        reactions = (*message.reactions, reaction) if reaction else message.reactions
        return self._keep(replace(message, reactions=reactions, is_pinned=message.is_pinned or pin))

    def delete(self, message: Message) -> None:
        """Take a message away."""
        del self._messages[message.channel_id, message.ts]
        self.touch()

    def replies(self, channel_id: str, thread_ts: str) -> list[Message]:
        """A thread's replies, the parent not among them, oldest first, ephemeral ones left out."""
        known = (
            self._messages.get((channel_id, ts)) for ts in self._replies.get((channel_id, thread_ts), ())
        )
        return [message for message in known if message is not None and message.ephemeral_to is None]

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

    def _keep(self, message: Message) -> Message:
        self._messages[message.channel_id, message.ts] = message
        self.touch()
        return message

    def _next_ts(self) -> str:
        self._last_ts_us = max(time.time_ns() // 1000, self._last_ts_us + 1)
        return f"{self._last_ts_us // 1_000_000}.{self._last_ts_us % 1_000_000:06d}"


def _content(content: Mapping[str, Any]) -> Json:
    """The parts present in a request, in the form a message keeps them."""
    kept: Json = {}
    if content.get("text") is not None:
        kept["text"] = str(content["text"])
    if content.get("blocks") is not None:
        kept["blocks"] = tuple(with_ids(content["blocks"]))
    if isinstance(attachments := content.get("attachments"), list):
        kept["attachments"] = tuple(
            {"id": number, **each, "blocks": with_ids(each.get("blocks"))}
            for number, each in enumerate(attachments, start=1)
        )
    if "metadata" in content:
        kept["metadata"] = content["metadata"] or None
    return kept
