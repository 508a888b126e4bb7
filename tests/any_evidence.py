"""Evidence of any kind, made from the models themselves: whatever their types let in, and nothing else."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from runbooks.evidence import Evidence, NodeEvidence, Reading

M = TypeVar("M", bound=BaseModel)

NAMES = ("node1", "node2", "node3")
NUMBERS = (0, 1, -1, 2, 3, 10, 150, 300, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, 10**40)
FIGURES = (0.0, -0.0, 5e-324, 0.5, 20.0, 400.0, 1e15, -1e15, 1.7e308, -1.7e308)
WORDS = (
    "",
    " ",
    "\x00",
    "\n\t",
    "\u2028\u202e",
    "%s{}[]*",
    "\ufdfa" * 30,
    "\U0001f3f3\ufe0f\u200d",
    "x" * 2_000,
)
ADDRESSES = (
    "node1:7000",
    "10.0.0.1:1",
    "[::1]:7000",
    ":",
    "node9:99999999",
    "http://node2:x",
    "chrony",
    "127.127.1.0",
)
TIMES = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(2026, 1, 5, 12, tzinfo=UTC),
    datetime(2026, 1, 5, 12, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 30, tzinfo=UTC),
)


def any_evidence(chance: Random) -> Evidence:
    """Return evidence of a cluster of three at most, each field of any value that its type lets in."""
    names = NAMES[: chance.choice((0, 1, 2, 3, 3, 3))]
    nodes = tuple(_model(NodeEvidence, chance, node=name) for name in names)
    return _model(Evidence, chance, nodes=nodes)


def disturbed(read: Evidence, chance: Random) -> Evidence:
    """Return evidence that was read, with some readings of any value instead."""
    nodes = list(read.nodes)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(nodes))
        name = chance.choice([each for each in NodeEvidence.model_fields if each != "node"])
        value = _of(NodeEvidence.model_fields[name].annotation, chance)
        nodes[at] = nodes[at].model_copy(update={name: value})
    return read.model_copy(update={"nodes": tuple(nodes)})


def _of(annotation: Any, chance: Random) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation == AwareDatetime:
        return chance.choice(TIMES)
    if annotation in _SCALARS:
        return _SCALARS[annotation](chance)
    if origin is Annotated:
        return _of(arguments[0], chance)
    if origin is Literal:
        return chance.choice(arguments)
    if origin in (Union, types.UnionType):
        return _of(chance.choice(arguments), chance)
    if origin is tuple:
        return tuple(_of(arguments[0], chance) for _ in range(chance.choice((0, 1, 2, 4))))
    if origin is dict:
        return {_of(arguments[0], chance): _of(arguments[1], chance) for _ in range(chance.choice((0, 1, 3)))}
    if issubclass(annotation, Enum):
        return chance.choice(list(annotation))
    return _model(annotation, chance)


def _model(kind: type[M], chance: Random, **given: Any) -> M:
    fields = {
        name: given[name] if name in given else _of(field.annotation, chance)
        for name, field in kind.model_fields.items()
    }
    if "peer" in fields and chance.random() < 0.9:
        fields["peer"] = chance.choice(NAMES)
    if issubclass(kind, Reading):
        fields |= _answer(kind, chance)
    return kind(**fields)


def _answer(kind: type[BaseModel], chance: Random) -> dict[str, Any]:
    """A reading has mostly a value, sometimes a reason, and a reader who need not be that node's."""
    by = chance.choice(("bot", "agent:node1", "agent:node2", "agent:", ""))
    if chance.random() < 0.2:
        return {"value": None, "missing": _word(chance), "by": by}
    value_of = next(
        each for each in get_args(kind.model_fields["value"].annotation) if each is not type(None)
    )
    return {"value": _of(value_of, chance), "missing": None, "kind": None, "by": by}


def _word(chance: Random) -> str:
    odd = "".join(
        chr(chance.choice((chance.randrange(0xD800), chance.randrange(0xE000, 0x110000)))) for _ in "abc"
    )
    return chance.choice((*NAMES, *WORDS, *ADDRESSES, odd))


_SCALARS: dict[Any, Callable[[Random], Any]] = {
    bool: lambda chance: chance.random() < 0.5,
    int: lambda chance: chance.choice((*NUMBERS, chance.randrange(20))),
    float: lambda chance: chance.choice((*FIGURES, chance.uniform(0, 1e3))),
    str: _word,
    type(None): lambda _: None,
    datetime: lambda chance: chance.choice(TIMES),
}
