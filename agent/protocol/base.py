"""The base of every wire type, how it is written and read as JSON, and the protocol's version."""

from __future__ import annotations

from typing import Any, Literal, Self

import msgspec

PROTOCOL_VERSION: Literal[1] = 1
REVISION = 1
REVISION_HEADER = "neumann-revision"
"""What has been added within the version. An agent tells it in a header, which an older bot does not read; a
bot sends what is new only to agents that told it."""


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
