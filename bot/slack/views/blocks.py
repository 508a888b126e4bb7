"""Block Kit pieces, with Slack's limits kept and every foreign text made inert."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers.domain.foreign_text import one_line, visible
from shared.sanitize import lines_of

Block = dict[str, Any]

MAX_FIELD_CHARS = 2_000
MAX_SECTION_CHARS = 3_000
MAX_TEXT_CHARS = 3_000
"""`chat.update` takes 4,000 characters of `text`."""

MAX_CONTEXT_CHARS = 2_000
MAX_BUTTON_CHARS = 75

_NO_WIDTH = "\u200b"
_MIGHT_END_CODE = re.compile(r"\A(?=`)|`(?=`|\Z)")
_HALF_AN_ENTITY = re.compile("&[a-z]{0,3}$")


def external_id(handle: str, viewer: str) -> str:
    """Return a modal's `external_id`, `handle.viewer.random`: Slack demands that it is unique.

    Slack returns it apart from `private_metadata`, and the listeners check the two against each other.
    """
    return f"{handle}.{viewer}.{secrets.token_hex(4)}"


_OPENING_MARK = re.compile(r"(?<![\w*_~])[*_~]+(?=\S)|`{3,}")
_MARKS = str.maketrans("*_~`", "\u2217\u02cd\u223c\u02cb")
_EMOJI = re.compile(r":(?=(?!\d{1,2}:)[a-z0-9_+'-]+:)")


def escape(text: str) -> str:
    """Make text inert for mrkdwn, on one line: no mention, link, format or emoji comes out of it.

    What would begin a format is replaced by a character that looks the same; backticks stay, they only change
    the letters. Bare addresses stay text because each block is `verbatim`.
    """
    unmarked = _OPENING_MARK.sub(lambda found: found[0].translate(_MARKS), one_line(text))
    return _entities(_EMOJI.sub("\u2236", unmarked))


def escape_lines(text: str) -> str:
    """Make text inert whose lines are meant: our own, and what a person wrote."""
    return "\n".join(map(escape, text.split("\n")))


def own(text: str) -> str:
    """Escape text of our own, whose marks are meant."""
    return _entities(text)


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """Shorten to a limit and show that it was shortened; what was escaped stays whole."""
    return text if len(text) <= limit else _HALF_AN_ENTITY.sub("", text[: limit - 1]) + "…"


def code(text: str) -> str:
    """Return a block of fixed width; backticks in the text cannot end it, and look as before."""
    return f"```{_MIGHT_END_CODE.sub(lambda found: found[0] + _NO_WIDTH, _entities(visible(text)))}```"


def _mrkdwn(text: str, limit: int) -> Block:
    """Return a text object in which Slack finds no link, channel or person that is not marked as one."""
    return {"type": "mrkdwn", "text": cut(text, limit), "verbatim": True}


def section(mrkdwn: str) -> Block:
    """Return a paragraph; the caller has escaped what is not ours."""
    return {"type": "section", "text": _mrkdwn(mrkdwn, MAX_SECTION_CHARS)}


def context(*mrkdwn: str) -> Block:
    """Return small print."""
    return {
        "type": "context",
        "elements": [_mrkdwn(text, MAX_CONTEXT_CHARS) for text in mrkdwn[:10]],
    }


def preformatted(text: str, limit: int = MAX_SECTION_CHARS) -> Block:
    """Return text in a fixed width, whole lines only, inside a section's limit.

    Args:
        text: The lines.
        limit: The most characters that it may take.
    """
    budget, kept = limit - 40, []
    for line in lines_of(text):
        budget -= len(code(line)) - len(code("")) + 1
        if budget < 0:
            kept.append("… (cut)")
            break
        kept.append(line)
    return {"type": "section", "text": _mrkdwn(code("\n".join(kept)), MAX_SECTION_CHARS)}


def packed(paragraphs: Iterable[str]) -> Iterator[Block]:
    """Pack paragraphs into few sections: a modal takes 100 blocks, a section `MAX_SECTION_CHARS`."""
    together = ""
    for paragraph in paragraphs:
        if together and len(together) + len(paragraph) + 1 > MAX_SECTION_CHARS:
            yield section(together)
            together = ""
        together = f"{together}\n{paragraph}" if together else paragraph
    if together:
        yield section(together)


def button(text: str, *, action_id: str, value: str, style: str | None = None) -> Block:
    """Return a button whose value is a random handle."""
    block: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(text, MAX_BUTTON_CHARS), "emoji": True},
        "action_id": action_id,
        "value": value,
    }
    return {**block, "style": style} if style else block


def actions(block_id: str, buttons: Sequence[Block]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons[:25])}


def link(url: str, text: str) -> str:
    """Return a link, only for web addresses; anything else stays text."""
    if not url.startswith(("https://", "http://")) or any(char in url for char in "<>| \n"):
        return escape(text)
    return f"<{url}|{escape(text).replace('|', '¦')}>"


def link_button(text: str, action_id: str, url: str) -> Block:
    """Return a button that only opens a page."""
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": cut(text, MAX_BUTTON_CHARS), "emoji": True},
        "action_id": action_id,
        "url": url,
    }


def overflow(action_id: str, options: Mapping[str, str]) -> Block:
    """Return a menu of more things to do: text → value."""
    return {
        "type": "overflow",
        "action_id": action_id,
        "options": [
            {"text": {"type": "plain_text", "text": text}, "value": value} for text, value in options.items()
        ],
    }


def fields(*texts: str) -> Block:
    """Return short facts in two columns; a phone shows them one below the other."""
    kept = [_mrkdwn(text, MAX_FIELD_CHARS) for text in texts[:10]]
    return {"type": "section", "fields": kept}


def moment(at: datetime) -> str:
    """Return a time that Slack shows on the reader's own clock; elsewhere it is UTC."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time_secs}}|{at:%Y-%m-%d %H:%M:%S} UTC>"
