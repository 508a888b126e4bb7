"""Match the action ids that a listener answers to."""

from __future__ import annotations

import re


def starting_with(prefix: str) -> re.Pattern[str]:
    """Return a pattern of every action id that begins with this prefix."""
    return re.compile(f"^{re.escape(prefix)}")
