"""Name incidents: `inc-17-xk4pf` is the number that Redis gave out and five random letters."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

NUMBER = re.compile(r"inc-(\d{1,15})\b")
LETTERS = "bcdfghjkmnpqrstvwxz23456789"
"""Letters and digits that are not mistaken for each other, without vowels, so that they spell no words."""

MAX_NUMBER = 1_000_000
"""Of incidents that are looked for by their numbers: a higher one was not given out by the bot."""


def with_missing(last: bytes, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known ids, and one for each number up to the last that none of them has.

    Args:
        last: The last number that was given out, as it is kept; garbage counts as none.
        known: The ids that some note in Redis names.
    """
    ids = sorted(known)
    by_number = {int(match[1]): id_ for id_ in ids if (match := NUMBER.match(id_))}
    count = min(int(last), MAX_NUMBER) if re.fullmatch(rb"[0-9]{1,15}", last) else 0
    numbered = [by_number.get(number) or f"inc-{number}" for number in range(1, count + 1)]
    return tuple(dict.fromkeys([*numbered, *ids]))


def id_tail() -> str:
    """Return five random letters for the end of an id: a Redis that is restored gives its numbers out again.

    An action's name, by which the nodes' ledgers know it, has the incident's id in it.
    """
    return "".join(secrets.choice(LETTERS) for _ in range(5))
