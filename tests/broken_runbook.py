"""A runbook of which some parts raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from runbooks.all_runbooks import RUNBOOKS
from runbooks.model import Runbook


class Broken:
    """The election's runbook, of which some parts raise."""

    def __init__(self, *parts: str) -> None:
        self._parts, self._whole = parts, RUNBOOKS["leader-election"]

    def __getattr__(self, name: str) -> Any:
        if name in self._parts and name.isupper():
            raise KeyError(name)
        return self._raise if name in self._parts else getattr(self._whole, name)

    def _raise(self, *_: object) -> None:
        raise KeyError("a word that only the log may have")


@contextmanager
def broken(*parts: str) -> Iterator[None]:
    whole = RUNBOOKS["leader-election"]
    RUNBOOKS["leader-election"] = cast("Runbook", Broken(*parts))
    try:
        yield
    finally:
        RUNBOOKS["leader-election"] = whole
