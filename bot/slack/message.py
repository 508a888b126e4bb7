"""One message that should exist in a thread, and the names of the buttons that it may carry."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.blocks import Block

REMEDY_ACTION = "remedy"
APPROVE_ACTION = "approve_plan"
STOP_ACTION = "stop_run"
CARE_ACTION = "care"
MORE_ACTION = "care:more"


@dataclass(frozen=True)
class Message:
    """One message that should exist. `text` carries the verdict for phones and screen readers; it is
    mrkdwn too, so it is escaped."""

    key: str
    text: str
    blocks: tuple[Block, ...]
    colour: str | None = None
