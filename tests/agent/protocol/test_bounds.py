"""Whatever goes over the wire has a bound: each text, each number and each list of it."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from msgspec import Meta

from agent import protocol as wire
from agent.protocol.base import Wire
from agent.protocol.pairing import BotCredentials, PairAnswer, PairRequest

KINDS = sorted(
    {kind for kind in vars(wire).values() if isinstance(kind, type) and issubclass(kind, Wire)}
    | {BotCredentials, PairAnswer, PairRequest},
    key=lambda kind: kind.__name__,
)


def unbounded(hint: Any, meta: tuple[Meta, ...] = ()) -> Iterator[str]:
    """The parts of a type that may be of any size."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        yield from unbounded(parts[0], tuple(each for each in parts[1:] if isinstance(each, Meta)))
    elif origin in (typing.Union, types.UnionType) or (isinstance(origin, type) and issubclass(origin, Wire)):
        for part in parts:
            yield from unbounded(part, meta)
    elif hint is str and not any(each.max_length or each.pattern for each in meta):
        yield "str"
    elif hint in (int, float) and not all(any(end(each) is not None for each in meta) for end in ENDS):
        yield hint.__name__
    elif origin in (tuple, dict):
        if not any(each.max_length for each in meta):
            yield str(hint)
        for part in parts:
            yield from () if part is Ellipsis else unbounded(part)


ENDS = (lambda meta: meta.ge, lambda meta: meta.le)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_row_19_nothing_on_the_wire_is_of_any_size(kind: type[Wire]) -> None:
    hints = typing.get_type_hints(kind, include_extras=True)
    found = {name: parts for name in kind.__struct_fields__ if (parts := list(unbounded(hints[name])))}
    found.pop("value", None)  # of `Read`: whatever is read has bounds of its own
    assert found == {}


TOO_MUCH: dict[str, tuple[type[Wire], str]] = {
    "a sentence": (wire.Refusal, '{"reason":"x","detail":"X"}'.replace("X", "x" * 2_001)),
    "a number": (wire.LedgerMark, f'{{"epoch":"e","count":1,"highest_fence":{2**63}}}'),
    "no number": (wire.Prepared, '{"nonce":"n","expires_in_s":1e309,"state":{"boot_id":"b"}}'),
    "a list": (wire.Config, f'{{"path":"p","sha256":"s","peers":{["a"] * 513}}}'.replace("'", '"')),
}


@pytest.mark.parametrize(("kind", "raw"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_row_19_what_is_more_is_no_message(kind: type[Wire], raw: str) -> None:
    with pytest.raises(wire.BadMessageError):
        kind.from_json(raw)
