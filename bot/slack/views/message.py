"""One message that should exist in a thread, and the action ids of its buttons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.slack.views.blocks import Block

REMEDY_ACTION = "remedy"
APPROVE_ACTION = "approve_plan"
STOP_ACTION = "stop_run"
TRIAGE_ACTION = "care"
MORE_ACTION = "care:more"


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
