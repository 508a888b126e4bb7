"""One message, as the workspace keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.slack.block_kit.reading import with_ids
from lab.slack.shapes import Json


@dataclass(frozen=True)
class Reaction:
    """An emoji below a message, and who put it there, first come first."""

    name: str
    user_ids: tuple[str, ...]


@dataclass(frozen=True)
class Message:
    """One message; `ts` is Slack's message id, the two monotonic times are ours, for measurements."""

    channel_id: str
    ts: str
    user_id: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    file_ids: tuple[str, ...] = ()
    thread_ts: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    ephemeral_to: str | None = None
    reactions: tuple[Reaction, ...] = ()
    is_tombstone: bool = False
    received_monotonic_s: float = 0.0
    edited_monotonic_s: float | None = None

    @property
    def is_reply(self) -> bool:
        """Return whether the message stands in a thread below its parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


def kept_content(content: Mapping[str, Any]) -> Json:
    """Return the parts present in a request, in the form a message keeps them."""
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
    if "file_ids" in content:
        kept["file_ids"] = tuple(content["file_ids"])
    return kept
