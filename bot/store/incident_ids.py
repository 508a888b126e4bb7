"""Name incidents: `inc-17-xk4pf` is the number that Redis gave out and five random letters."""

from __future__ import annotations

import re
import secrets

NUMBER = re.compile(r"inc-(\d+)")
LETTERS = "bcdfghjkmnpqrstvwxz23456789"
"""Letters and digits that are not mistaken for each other, without vowels, so that they spell no words."""


def id_tail() -> str:
    """Return five random letters for the end of an id: a Redis that is restored gives its numbers out again.

    An action's name, by which the nodes' ledgers know it, has the incident's id in it.
    """
    return "".join(secrets.choice(LETTERS) for _ in range(5))
