"""Compare TOML documents, so that an edit changes what it says and nothing else."""

from __future__ import annotations

from typing import Any


def is_same(one: object, other: object) -> bool:
    """Return whether two parsed documents say the same: `nan`, which equals nothing, is the same as `nan`."""
    return bool(_comparable(one) == _comparable(other))


def _comparable(value: object) -> Any:  # noqa: ANN401  whatever TOML has
    """Return a value that is equal where the text that it was parsed from means the same."""
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    # To Python 1 == 1.0 == True.
    return type(value).__name__, repr(value)
