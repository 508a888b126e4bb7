"""Make text of unknown origin safe to show: no control characters, no secrets, bounded length."""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# What names a secret, and then the secret: `password=x`, `"api_key": "x"`, `--pass x`, `Cookie: a; b`.
_NAMES = "token|pass(?:word|wd|phrase)?|pwd|secret|(?:api|access|private)[_-]?key|credential"
_VALUE = r"""(?:"[^"]*"?|'[^']*'?|[^\s,;&"'}]+)"""
_NAMED = re.compile(rf"""(?i)((?:{_NAMES})s?["']?\s*[=:]\s*){_VALUE}""")
_OPTION = re.compile(rf"(?i)(?<!\S)(--?[\w-]{{0,40}}?(?:{_NAMES})s?\s+){_VALUE}")
_HEADER = re.compile(r"(?i)\b((?:set-)?cookie\s*[=:]\s*).*")
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")
# What is known by its own look: keys in PEM, Slack's and GitHub's tokens, AWS' keys, JSON web tokens.
_BY_LOOK = re.compile(
    r"-----BEGIN [^-]{1,40}-----.*?(?:-----END [^-]{1,40}-----|$)"
    r"|\b(?:xox[a-z]|xapp)-[\w-]+|\bgh[a-z]_\w{16,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"
)


def strip_ansi(text: str) -> str:
    """Remove terminal colour sequences, which tracing writes even into files."""
    return _ANSI.sub("", text)


def plain(text: str, *, limit: int, keep_spaces: bool = False) -> str:
    """Return one line: control, format and surrogate characters dropped, secrets masked, cut to `limit`.

    Runs of white space become one blank unless `keep_spaces`, where a tab becomes four.
    """
    one_line = strip_ansi(text).replace("\t", "    ") if keep_spaces else " ".join(strip_ansi(text).split())
    # Cut once before masking: the search for secrets is quadratic in a long word.
    shortened = one_line[: 4 * limit]
    visible = "".join(char for char in shortened if not unicodedata.category(char).startswith("C"))
    masked = _masked(visible)
    return masked if len(masked) <= limit else masked[: limit - 1] + "…"


def lines_of(text: str) -> list[str]:
    """Return the lines of a text of unknown origin, each without its end; an end of the text is none.

    A line feed alone ends one, as a node's pages, logs and files have it. `str.splitlines` also ends a line
    at characters that a label's value or a message may hold, so that one could forge a line of its own.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def _masked(text: str) -> str:
    text = _AUTHORIZATION.sub(r"\1 ***", _BY_LOOK.sub("***", text))
    for named in (_HEADER, _IN_URL, _NAMED, _OPTION):
        text = named.sub(r"\1***", text)
    return text
