"""One message that should exist in a thread, and the action ids of its buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.slack.views.blocks import MAX_TEXT_CHARS, Block, context, cut, section

REMEDY_ACTION = "remedy"
APPROVE_ACTION = "approve_plan"
STOP_ACTION = "stop_run"
TRIAGE_ACTION = "care"
READ_ACTION = "care:read_again"
MORE_ACTION = "care:more"


class Form(StrEnum):
    """The forms that one message can be sent in, each plainer than the one before."""

    FULL = "full"
    PLAIN = "plain"
    BUTTONS = "buttons"
    TEXT = "text"


@dataclass(frozen=True)
class Message:
    """One message that should exist.

    `text` carries the verdict for phones and screen readers; it is mrkdwn too, so it is escaped. `plain`
    replaces `blocks` in a workspace that refuses them.
    """

    key: str
    text: str
    blocks: tuple[Block, ...]
    colour: str | None = None
    plain: tuple[Block, ...] = ()

    def body(self, *, plainly: bool = False) -> dict[str, Any]:
        """Return the message's arguments for `chat.postMessage` and `chat.update`.

        Args:
            plainly: Whether the workspace refused the blocks.
        """
        blocks = list(self.plain if plainly and self.plain else self.blocks)
        if self.colour is None:
            return {"text": self.text, "blocks": blocks}
        # Slack would show `text` above the attachment; as `fallback` it shows only where blocks cannot.
        return {"attachments": [{"color": self.colour, "fallback": self.text, "blocks": blocks}]}

    def forms(self) -> Iterator[tuple[Form, dict[str, Any]]]:
        """Yield the bodies in which the message can be sent, down to its bare text."""
        yield Form.FULL, self.body()
        if self.plain:
            yield Form.PLAIN, self.body(plainly=True)
        # What an edit does not name stays as it was, so what these leave out is named.
        bare: dict[str, Any] = {"text": self.text, "blocks": [], "attachments": []}
        if buttons := [block for block in self.blocks if block["type"] == "actions"]:
            yield Form.BUTTONS, {**bare, "blocks": [section(self.text), *buttons]}
        yield Form.TEXT, bare

    def led_by(self, sentence: str, mrkdwn: str = "") -> Message:
        """Return the message with a line above it.

        Args:
            sentence: The line, escaped.
            mrkdwn: The line where it can have a link.
        """
        line = context(mrkdwn or sentence)
        return replace(
            self,
            text=cut(f"{sentence} {self.text}", MAX_TEXT_CHARS),
            blocks=(line, *self.blocks),
            plain=(line, *self.plain) if self.plain else (),
        )
