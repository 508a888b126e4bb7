"""The base of every wire type, how it is written and read as JSON, and the protocol's version."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import Meta

PROTOCOL_VERSION: Literal[1] = 1
REVISION = 4
REVISION_HEADER = "neumann-revision"
VERSION_HEADER = "neumann-version"
"""What has been added within the version: 1 timelines, 2 the readings `certificates` and `full_pings`,
3 the reading `actions` and the action `transfer_leadership`, 4 that an undo which was not done is tried anew.

An agent tells it in a header, which an older bot does not read; a bot sends what is new only to agents that
told it."""

# How long a text on the wire may be, whoever sends it. An honest end cuts what it quotes well below.
Name = Annotated[str, Meta(max_length=255)]
Sentence = Annotated[str, Meta(max_length=2_000)]
FilePath = Annotated[str, Meta(max_length=4_096)]
# What is no number in 64 bits counts nothing here; a figure beyond the other bound measures nothing.
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Figure = Annotated[float, Meta(ge=-1e15, le=1e15)]


class BadMessageError(ValueError):
    """The bytes are not the JSON that was expected; the text says what is wrong with them, and where."""


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every wire type: immutable, and an unknown field is an error, not a surprise.

    What is read is checked against every type and bound; what is made here is not. A subclass says
    `frozen=True, kw_only=True` again, or type checkers would not know.
    """

    def to_json(self) -> str:
        """Write it, its fields in their order; a number that is none is null, as JSON has no word for it."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, raw: bytes | str) -> Self:
        """Read it; nothing is taken for another type than it has.

        Raises:
            BadMessageError: If it is none.
        """
        message: Self = parse(raw, cls)
        return message


def parse(raw: bytes | str, kind: Any) -> Any:  # noqa: ANN401  a union of types is none to the type checker
    """Read JSON as a wire type, or as a union of them.

    Raises:
        BadMessageError: If it is none.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError) as error:
        raise BadMessageError(str(error)) from error
