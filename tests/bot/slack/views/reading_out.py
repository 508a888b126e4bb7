"""What Slack shows, as text that a person can read in a file."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterator

from bot.slack.views.blocks import Block
from bot.slack.views.message import Message
from lab.slack.limits import UPDATED_TEXT_CHARACTERS, check_message, check_view
from lab.slack.plain_text import blocks_text

_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_LINK = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
_HANDLE = re.compile(r"^(second)-.*")
_PLAN = re.compile(r"plan [0-9a-f]{12}")


def as_read(blocks: list[Block]) -> str:
    """Blocks as they are read: dates and links drawn, nothing escaped, a plan's hash of any value."""
    text = _LINK.sub(r"\2 (\1)", _DATE.sub(r"\1", blocks_text(blocks)))
    return _PLAN.sub("plan ············", html.unescape(text))


class Scroll:
    """What a thread shows, act after act: what is posted in full, what is edited by its changed lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._shown: dict[str, Message] = {}

    def act(self, at: str, what: str) -> None:
        """Begin an act.

        Args:
            at: When.
            what: What happens.
        """
        self._lines += ["", f"══ {at}  {what}"]

    def thread(self, messages: tuple[Message, ...], of: str = "") -> None:
        """Note what is posted and edited, of one thread of several; each passes Slack's limits."""
        for message in messages:
            place = f"{of} {message.key}".strip()
            before = self._shown.get(place)
            if before == message:
                continue
            check_message(message.body(), text_characters=UPDATED_TEXT_CHARACTERS)
            text = as_read(list(message.blocks))
            key = _HANDLE.sub(r"\1", place)
            if before is None:
                self._box(f"posted: {key}", [f"({html.unescape(message.text)})", *text.splitlines()])
            else:
                self._box(f"edited: {key}", list(_changed(as_read(list(before.blocks)), text)))
            self._shown[place] = message

    def modal(self, who: str, view: Block) -> None:
        """Note the modal that somebody gets to see."""
        check_view(view)
        ends = [view[name]["text"] for name in ("submit", "close") if name in view]
        lines = as_read(view["blocks"]).splitlines()
        self._box(f"{who} sees: {view['title']['text']}", [*lines, " ".join(f"[{end}]" for end in ends)])

    def said(self, who: str, text: str) -> None:
        """Note what somebody alone is told, or gets as a file."""
        self._box(f"{who} gets", text.splitlines())

    def __str__(self) -> str:
        return "\n".join(self._lines[1:]) + "\n"

    def _box(self, title: str, lines: list[str]) -> None:
        self._lines += [f"┌ {title}", *(f"│ {line}".rstrip() for line in lines), "└"]


def _changed(before: str, after: str) -> Iterator[str]:
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line.startswith(("+ ", "- ")):
            yield line
