"""Which action ids a listener answers to."""

from __future__ import annotations

import re


def starting_with(prefix: str) -> re.Pattern[str]:
    """Every action id that begins so."""
    return re.compile(f"^{re.escape(prefix)}")
