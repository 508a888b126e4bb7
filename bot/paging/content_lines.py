"""Unfold the lines of an iCalendar file: what begins with a blank goes on with the last (RFC 5545, 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Line:
    """A whole line, with the number of the first line in the file that is part of it."""

    number: int
    text: str

    def says(self, words: str) -> bool:
        """Return whether it is these words, however they are written."""
        return self.text.strip().upper() == words


def content_lines(content: bytes) -> list[Line]:
    """Return the whole lines of a file.

    They are put together as octets, since a line may be folded within a character.

    Raises:
        ValueError: If one is not UTF-8.
    """
    folded: list[tuple[int, list[bytes]]] = []
    for number, raw in enumerate(content.removeprefix(MARK).split(b"\n"), start=1):
        part = raw.removesuffix(b"\r")
        if part[:1] in (b" ", b"\t") and folded:
            folded[-1][1].append(part[1:])
        else:
            folded.append((number, [part]))
    return [_decoded(number, b"".join(parts)) for number, parts in folded]


def _decoded(number: int, whole: bytes) -> Line:
    try:
        return Line(number, whole.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"line {number} is not UTF-8") from error
