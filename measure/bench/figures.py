"""What a bench measured, beside the bare limit of the same run: as a row of a table, and as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version

LIBRARIES = (
    "aiohttp",
    "httptools",
    "httpx",
    "prometheus-client",
    "pydantic",
    "redis",
    "slack-bolt",
    "slack-sdk",
    "starlette",
    "uvicorn",
    "uvloop",
)


@dataclass(frozen=True)
class Figure:
    """One measured value. Where there is a bare limit, their ratio is judged, else the value itself.

    A target of `None` is a figure that is only told; `at_least` says on which side of the target is good.
    """

    bench: str
    what: str
    value: float
    unit: str
    target: float | None = None
    bare: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Return the value by the bare limit's."""
        return None if self.bare is None else self.value / self.bare if self.bare else math.inf

    @property
    def verdict(self) -> str:
        """`ok` or `short`; nothing where nothing is asked."""
        if self.target is None:
            return ""
        judged = self.value if self.ratio is None else self.ratio
        good = judged >= self.target if self.at_least else judged <= self.target
        return "ok" if good else "short"

    @property
    def goal(self) -> str:
        """Return the target in words."""
        if self.target is None:
            return ""
        unit = "x bare" if self.bare is not None else self.unit
        return f"{'>=' if self.at_least else '<='} {self.target:g} {unit}".rstrip()


def quantile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies: the nearest rank, so always one of them."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else math.nan


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    rows = [("bench", "what", "measured", "bare limit", "ratio", "goal", "", "note")]
    rows += [
        (
            each.bench,
            each.what,
            f"{_number(each.value)} {each.unit}".rstrip(),
            "" if each.bare is None else _number(each.bare),
            "" if each.ratio is None else f"{each.ratio:.2f}",
            each.goal,
            each.verdict,
            each.note,
        )
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _number(value: float) -> str:
    if math.isnan(value):
        return "?"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_json(figures: Iterable[Figure]) -> str:
    """Return the figures with the machine and the versions."""
    rows = [
        {**asdict(each), "ratio": each.ratio, "goal": each.goal, "verdict": each.verdict} for each in figures
    ]
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "figures": rows,
    }
    return json.dumps(document, indent=2) + "\n"
