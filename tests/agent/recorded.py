"""What real programs printed, from the records in `tests/data`: cases with commands, and what they said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

RECORDS = Path(__file__).parents[1] / "data"


class Said(NamedTuple):
    """What a command printed on both streams, and its exit code."""

    text: str
    code: int


def recorded(record: str, case: str) -> dict[str, Said]:
    """Return by command what was said in a case of a record."""
    text = (RECORDS / record).read_text()
    (found,) = re.findall(rf"^=== {re.escape(case)}\n(.*?)(?=^=== |\Z)", text, re.DOTALL | re.MULTILINE)
    commands = re.findall(r"^\$ (.*?)\n(.*?)^--- rc (\d+)$", found, re.DOTALL | re.MULTILINE)
    return {command: Said(said, int(code)) for command, said, code in commands}
