"""What the demo prints: its progress on standard error, the thread on standard output."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from html import unescape
from typing import TextIO

PREFIX = "[demo] "

_WRITTEN = (
    (re.compile(r"<!date\^[^|>]*\|([^>]*)>"), r"\1"),
    (re.compile(r"<(https?://[^|>]+)\|([^>]*)>"), r"\2 (\1)"),
    (re.compile(r"<((?:https?://|mailto:)[^>]+)>"), r"\1"),
    (re.compile(r"(?<!\w):[a-z_]+:(?!\w)\s?"), ""),
)
"""Slack's mrkdwn for a date, a link, an address and an emoji, and what is read of it without Slack."""


def say(line: str) -> None:
    """Tell how far the demo is."""
    sys.stderr.write(broken(f"{PREFIX}{line}", sys.stderr, deeper=len(PREFIX)) + "\n")
    sys.stderr.flush()


def print_thread(messages: Sequence[str]) -> None:
    """Print the messages of a thread, parted by an empty line."""
    read = map(without_markup, messages)
    paragraphs = ("\n".join(broken(line, sys.stdout) for line in each.splitlines()) for each in read)
    sys.stdout.write("\n\n".join(filter(None, paragraphs)) + "\n")


def without_markup(text: str) -> str:
    """Return a message as a terminal can show it: dates and links in words, and no names of emoji."""
    for written, shown in _WRITTEN:
        text = written.sub(shown, text)
    return unescape(text)


def broken(line: str, stream: TextIO, *, deeper: int = 2) -> str:
    """Return a line broken between words for a terminal, with further lines `deeper` columns in."""
    if not stream.isatty():
        return line
    indent = " " * (len(line) - len(line.lstrip(" ")))
    columns = shutil.get_terminal_size().columns
    # A command or an address in it can still be copied: neither is broken at a hyphen.
    return textwrap.fill(
        line, columns, subsequent_indent=indent + " " * deeper, break_on_hyphens=False, break_long_words=False
    )


def say_overload() -> None:
    """Tell that the machine is too busy for the demo, if it is."""
    if told := overload(os.getloadavg()[0], os.cpu_count() or 1):
        say(told)


def overload(load: float, cores: int) -> str | None:
    """Return a sentence for a load average of the last minute at which processes wait for a core."""
    if load <= cores:
        return None
    of = "1 core" if cores == 1 else f"{cores} cores"
    return (
        f"The load average is {load:.1f} on {of}, so the lab's elections and the bot's readings may come too"
        f" late: run the demo again once it is below {cores}."
    )
