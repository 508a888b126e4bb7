"""The commands of docs/install.md: what runs on a node is taken from there, and nothing else is done."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def documented(with_words: str) -> str:
    """Return the one block of the installation chapter that has these words."""
    text = (REPOSITORY / "docs/install.md").read_text()
    blocks: list[str] = re.findall(r"^```sh.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if with_words in block]
    return block
