"""Where in a TOML file each key stands, so that what is wrong with it is found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."'-]+?)\s*=""")


def lines_of_keys(text: str) -> Mapping[Path, int]:
    """Return the line of every table and of every key that begins a line; `nodes` are counted from 0."""
    lines: dict[Path, int] = {}
    newest: dict[Path, int] = {}  # of each array of tables, the number of its newest one
    table: Path = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.fullmatch(line):
            table = _table(_parts(header[2]), newest, is_new=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of a key, or else of what it is in."""
    known = (lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines)
    return next(known, None)


def _table(parts: tuple[str, ...], newest: dict[Path, int], *, is_new: bool) -> Path:
    path: Path = ()
    for part in parts[:-1]:
        path = _in_newest((*path, part), newest)
    path = (*path, parts[-1])
    if is_new:
        newest[path] = newest.get(path, -1) + 1
    return _in_newest(path, newest)


def _in_newest(path: Path, newest: Mapping[Path, int]) -> Path:
    return (*path, newest[path]) if path in newest else path


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip(" \"'") for part in name.split("."))
