"""Read TOML that somebody else wrote, in a time that grows with its length alone."""

from __future__ import annotations

import re
import tomllib
from typing import Any

MAX_KEY_PARTS = 200
"""Parts of one dotted key. `tomllib` takes a time that grows with their square, half a minute for 20,000."""

# A quoted part that is longer makes a key of few parts; without a bound the search itself would take long.
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.){0,200}+"|'[^'\n]{0,200}+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_.-])(?:{_PART}\.[ \t]*+){{{MAX_KEY_PARTS},}}+")


def loads(text: str) -> dict[str, Any]:
    """Return the document, as `tomllib.loads` does.

    Raises:
        ValueError: If it is no TOML, or a key has too many parts.
        RecursionError: If it is nested too deep.
    """
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise tomllib.TOMLDecodeError(f"A key has more than {MAX_KEY_PARTS} parts (at line {line})")
    return tomllib.loads(text)
