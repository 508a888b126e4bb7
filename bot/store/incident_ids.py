"""How incidents are named: `inc-17-xk4pf`, the number that Redis gave out and five random letters."""

from __future__ import annotations

import re
import secrets

NUMBER = re.compile(r"inc-(\d+)")
LETTERS = "bcdfghjkmnpqrstvwxz23456789"
"""What no eye takes for another, and what spells no words."""


def id_tail() -> str:
    """Make an id one of 14 million: a Redis that is put back gives its numbers out again.

    An action's name, by which the nodes' ledgers know it, has the incident's id in it.
    """
    return "".join(secrets.choice(LETTERS) for _ in range(5))
