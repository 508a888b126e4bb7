"""What the doctor finds: one line for each thing that was looked at, well or not, with its mend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `wrong` says what is wrong, and the mend; `None` if all is well."""

    area: str
    what: str
    wrong: str | None = None

    @property
    def is_well(self) -> bool:
        """Return whether nothing is wrong with it."""
        return self.wrong is None

    @property
    def line(self) -> str:
        """Return the line for a terminal."""
        return f"ok   {self.area}: {self.what}" if self.is_well else f"BAD  {self.area}: {self.wrong}"
