"""Draw what a terminal shows, for the documents: `python -m measure.docs_site.screens docs/images`."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import SVG_EXPORT_THEME

from bot.cli.screens.agents import Greeted, agents
from bot.cli.screens.diagnosis import diagnosis
from bot.cli.screens.posture import posture
from bot.cli.terminal import Look
from handlers.domain.evidence import document as evidence_document
from handlers.judging import diagnosis_of
from runbooks.all_runbooks import ELECTION, RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.posture import judge
from runbooks.posture.inventory import Inventory

WIDTH = 96
_EVIDENCE = Path(__file__).parents[2] / "tests" / "data" / "evidence"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def _read(name: str) -> Evidence:
    return evidence_document.parse((_EVIDENCE / name).read_bytes(), name)


def _diagnosis(look: Look) -> Iterator[RenderableType]:
    read = _read("38-seeds-three-stopped.json")
    yield from diagnosis(read, diagnosis_of(RUNBOOKS[ELECTION], read), look)


def _posture(look: Look) -> Iterator[RenderableType]:
    yield from posture(judge(_read("37-seeds-healthy.json"), Inventory()), look)


def _agents(look: Look) -> Iterator[RenderableType]:
    known = "sha256:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"
    yield from agents(
        [
            Greeted("demo", f"node{number}", f"https://node{number}:7880", known, silent)
            for number, silent in ((1, None), (2, "no answer within 3 s"), (3, None))
        ],
        look,
    )


SCREENS: dict[str, tuple[str, Callable[[Look], Iterator[RenderableType]]]] = {
    "terminal-diagnose.svg": ("neumann-bot diagnose evidence.json", _diagnosis),
    "terminal-posture.svg": ("neumann-bot posture demo", _posture),
    "terminal-agents.svg": ("neumann-bot agents list", _agents),
}


def drawn(name: str) -> str:
    """Return a screen as SVG. It names no font to be fetched: what shows it has a monospaced one."""
    title, screen = SCREENS[name]
    console = Console(
        file=io.StringIO(),
        width=WIDTH,
        record=True,
        force_terminal=True,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in screen(Look(is_plain=False, width=WIDTH)):
        console.print(part)
    svg = console.export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id=name.removesuffix(".svg"))
    return _FONTS.sub("", svg).replace("Fira Code, monospace", "ui-monospace, monospace")


if __name__ == "__main__":
    for each in SCREENS:
        (Path(sys.argv[1]) / each).write_text(drawn(each))
    print(json.dumps(sorted(SCREENS)))
