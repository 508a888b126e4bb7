"""What the doctor found, in Slack: what is wrong first, each with its mend. Pure."""

from __future__ import annotations

from bot.slack.views import blocks
from bot.slack.views.blocks import Block, escape
from handlers.ports.doctor import Examined
from runbooks.wording import counted

MAX_LINE_CHARS = 400
MAX_LINES = 20


def report(examined: tuple[Examined, ...]) -> tuple[str, list[Block]]:
    """Return (text, blocks): what is wrong, what was not read or not asked, and how much is well."""
    wrong = [each for each in examined if not each.is_well]
    unasked = [each for each in examined if each.not_asked is not None]
    unread = [each for each in examined if each.not_read is not None]
    well = len(examined) - len(wrong) - len(unasked) - len(unread)
    head = _head(len(wrong), len(unread), len(unasked))
    lines = [f":red_circle: *{escape(each.area)}*: {_cut(each.wrong or '')}" for each in wrong]
    lines += [
        f":white_circle: {escape(each.area)}: {_cut(each.what)}: not read: {_cut(each.not_read or '')}"
        for each in unread
    ]
    lines += [
        f":white_circle: {escape(each.area)}: {_cut(each.what)}: not asked: {_cut(each.not_asked or '')}"
        for each in unasked
    ]
    more = [f"and {len(lines) - MAX_LINES} more"] if lines[MAX_LINES:] else []
    return head, [
        blocks.section(f"*{escape(head)}*"),
        *blocks.packed(lines[:MAX_LINES]),
        blocks.context(
            *more, f"{counted(well, 'thing')} looked at and well; `neumann-bot doctor` lists them"
        ),
    ]


def _head(wrong: int, unread: int, unasked: int) -> str:
    if wrong:
        return f"{counted(wrong, 'thing')} would keep an alert from its thread."
    if unread:
        things = counted(unread, "thing")
        return f"Nothing is known to be wrong, but {things} could not be read: not known to be well."
    return f"Nothing that was asked is wrong; {unasked} not asked." if unasked else "All is well."


def _cut(text: str) -> str:
    return escape(blocks.cut(text, MAX_LINE_CHARS))
