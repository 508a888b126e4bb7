"""A source file with one text in it replaced, and how that is told."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_AROUND = 30  # characters that are told on each side of a difference


@dataclass(frozen=True)
class Mutant:
    """A file with one wrong in it.

    `lines` are those that a test must have run through to notice; empty where it is met at import.
    """

    line: int
    lines: frozenset[int]
    told: str
    statement: str
    source: str


def edited(encoded: bytes, node: ast.AST, statement: ast.stmt, replacement: str, *, inside: bool) -> Mutant:
    """Return the file with another text in a node's place; `inside` where the node stands in a function."""
    starts = [0]
    for line in encoded.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    begin = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
    end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
    # A text in several pieces as the one that it is.
    was = ast.unparse(node) if isinstance(node, ast.Constant) else encoded[begin:end].decode()
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    lines = {*range(statement.lineno, max(last, statement.lineno) + 1), node.lineno}  # type: ignore[attr-defined]
    return Mutant(
        line=node.lineno,  # type: ignore[attr-defined]
        lines=frozenset(lines) if inside else frozenset(),
        told=_told(" ".join(was.split()), " ".join(replacement.split())),
        statement=" ".join(ast.unparse(statement).split()),
        source=(encoded[:begin] + replacement.encode() + encoded[end:]).decode(),
    )


def _told(was: str, becomes: str) -> str:
    """Show a difference, and a little of what it stands in."""
    before = _alike(was, becomes)
    after = _alike(was[before:][::-1], becomes[before:][::-1])
    begin = max(0, before - _AROUND)
    parts = (text[begin : len(text) - max(0, after - _AROUND)] for text in (was, becomes))
    return "  ->  ".join(parts)


def _alike(one: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def differs(mutated: str, source: str) -> bool:
    """Return whether a text is a program, and another one than its source."""
    try:
        return ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False
