"""The machine's own clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime


class SystemTime:
    """`handlers.ports.Time` as the machine has it."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
