"""The doctor: one line for each thing between an alert and its thread, well or not, with its mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Examined:
    """One thing that was looked at. `wrong` says what is wrong, and the mend; `None` if all is well.

    `not_asked` says why nobody knows; that is wrong elsewhere, and said there.
    """

    area: str
    what: str
    wrong: str | None = None
    not_asked: str | None = None

    @property
    def is_well(self) -> bool:
        """Return whether nothing is known to be wrong with it."""
        return self.wrong is None

    @property
    def line(self) -> str:
        """Return the line for a terminal."""
        if self.not_asked is not None:
            return f"?    {self.area}: {self.what}: not asked: {self.not_asked}"
        return f"ok   {self.area}: {self.what}" if self.is_well else f"BAD  {self.area}: {self.wrong}"


class Doctor(Protocol):
    """Asks everything live."""

    def examine(self) -> AsyncIterator[Examined]:
        """Yield each thing that was looked at, as it is known."""
