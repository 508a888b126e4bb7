"""The doctor: one line for each thing between an alert and its thread, well or not, with its mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at. `wrong` says what is wrong, and the mend; `None` if all is well.

    `not_asked` says why nobody knows, of what is not configured, or is wrong elsewhere and said there.
    `not_read` says why nobody knows what was asked: that is not known to be well.
    """

    area: str
    what: str
    wrong: str | None = None
    not_asked: str | None = None
    not_read: str | None = None

    @property
    def is_well(self) -> bool:
        """Return whether nothing is known to be wrong with it."""
        return self.wrong is None

    @property
    def state(self) -> Literal["ok", "BAD", "?"]:
        """Return the word with which its line begins."""
        if self.not_asked is not None or self.not_read is not None:
            return "?"
        return "ok" if self.is_well else "BAD"

    @property
    def says(self) -> str:
        """Return the rest of its line."""
        if self.not_asked is not None:
            return f"{self.area}: {self.what}: not asked: {self.not_asked}"
        if self.not_read is not None:
            return f"{self.area}: {self.what}: not read: {self.not_read}"
        return f"{self.area}: {self.what if self.is_well else self.wrong}"


class Doctor(Protocol):
    """Asks everything live."""

    def examine(self) -> AsyncIterator[Examined]:
        """Yield each thing that was looked at, as it is known."""
