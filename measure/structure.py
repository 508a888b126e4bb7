"""Draw the structure: `python -m measure.structure [--root DIR] [--mermaid] [PACKAGE ...]`.

For each package: its rooms (modules and sub-packages directly in it), the arrows between them (one for a pair
of rooms of which one imports the other, wherever the import stands), a circle if there is one, and its lines.
`--mermaid` prints the rooms and arrows as a diagram instead.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

PACKAGES = ("bot", "handlers", "runbooks", "agent", "shared", "lab")


@dataclass(frozen=True)
class Structure:
    """One package: its rooms, the arrows between them, the circles among those, and its size."""

    name: str
    rooms: tuple[str, ...]
    arrows: frozenset[tuple[str, str]]
    circle: tuple[str, ...]
    lines: int
    most_files_in_a_folder: int


def modules(root: Path) -> dict[str, Path]:
    """Return every module of ours by its dotted name."""
    files = (file for package in PACKAGES for file in (root / package).rglob("*.py"))
    return {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def imports(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield every module of ours that a file imports, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in whole]
        yield from (name for name in names if name in known)


def structure(root: Path, package: str) -> Structure:
    """Return the structure of one package, which may be a package in a package (`bot.slack`)."""
    known = modules(root)

    def room(module: str) -> str | None:
        inside = module.removeprefix(f"{package}.")
        return inside.split(".")[0] if inside != module else None

    inner = {name: file for name, file in known.items() if room(name)}
    rooms = tuple(sorted({str(room(name)) for name in inner}))
    arrows = frozenset(
        (str(room(name)), str(room(target)))
        for name, file in inner.items()
        for target in imports(file, known)
        if room(target) not in (None, room(name))
    )
    folders = [file.parent for file in inner.values()]
    return Structure(
        package,
        rooms,
        arrows,
        _circle(rooms, arrows),
        sum(len(file.read_text().splitlines()) for file in inner.values()),
        max(map(folders.count, set(folders)), default=0),
    )


def _circle(rooms: tuple[str, ...], arrows: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    graph = {room: {target for source, target in arrows if source == room} for room in rooms}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def table(found: list[Structure]) -> str:
    """Return one line per package."""
    head = f"{'package':<24}{'rooms':>6}{'arrows':>8}{'fullest folder':>16}{'lines':>8}  a circle of rooms"
    rows = [
        f"{each.name:<24}{len(each.rooms):>6}{len(each.arrows):>8}{each.most_files_in_a_folder:>16}{each.lines:>8}"
        f"  {' -> '.join(each.circle) or 'none'}"
        for each in found
    ]
    return "\n".join((head, *rows))


def mermaid(found: Structure) -> str:
    """Return the rooms and arrows of one package as a Mermaid flowchart."""
    on_a_circle = set(pairwise(found.circle))
    arrows = (
        f"    {source} {'-.->' if (target, source) in on_a_circle else '-->'} {target}"
        for source, target in sorted(found.arrows)
    )
    return "\n".join(("flowchart TD", *(f"    {room}" for room in found.rooms), *arrows))


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m measure.structure", description=__doc__)
    parser.add_argument("packages", nargs="*", default=[*PACKAGES, "bot.slack"], metavar="PACKAGE")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="another checkout")
    parser.add_argument("--mermaid", action="store_true", help="a diagram of each package")
    asked = parser.parse_args()
    found = [structure(asked.root, package) for package in asked.packages]
    print("\n\n".join(map(mermaid, found)) if asked.mermaid else table(found))


if __name__ == "__main__":
    main()
