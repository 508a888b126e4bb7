"""Where the files of `deploy/` are: in a checkout, or where the wheel has put them."""

from __future__ import annotations

import sys
from pathlib import Path

from handlers.errors import ConfigurationError

CHECKOUT = Path(__file__).parents[3] / "deploy"
INSTALLED = Path(sys.prefix) / "share" / "neumann-bot"


def shipped(name: str) -> str:
    """Return the text of a file of `deploy/`.

    Raises:
        ConfigurationError: If this installation lacks it.
    """
    for folder in (CHECKOUT, INSTALLED):
        try:
            return (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
    raise ConfigurationError(f"This installation lacks {INSTALLED / name}: install the wheel anew.")
