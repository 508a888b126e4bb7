"""One reading of a cluster for all who ask at the same time or shortly after."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from bot.read_only.shared_answers import SharedAnswers
from handlers.ports.reading import ReadClusters
from runbooks.evidence import Evidence, Metrics
from runbooks.posture.inventory import Inventory


class SharedReader:
    """`handlers.ports.reading.ReadClusters` over another, which it lets read once for many.

    Whoever may only read cannot make nodes and agents answer more often than that.
    """

    def __init__(self, reader: ReadClusters, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._evidence = SharedAnswers(reader.read, clock)

    @property
    def clusters(self) -> tuple[str, ...]:
        """Return the names of the configured clusters."""
        return self._reader.clusters

    async def read(self, cluster: str) -> Evidence:
        """Return a reading that began at most `FRESH_S` ago, or is under way."""
        return await self._evidence.of(cluster)

    def inventory(self, cluster: str) -> Inventory:
        """Return where the nodes are, and which versions their agents told when they last answered."""
        return self._reader.inventory(cluster)

    async def sample_metrics(self, cluster: str) -> Mapping[str, Metrics | None]:
        """Read one metrics sample per node: enough to see who leads."""
        return await self._reader.sample_metrics(cluster)

    async def end(self) -> None:
        """End the readings that are under way."""
        await self._evidence.end()


@asynccontextmanager
async def shared(
    reader: ReadClusters, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[SharedReader]:
    """Share the readings of a reader, and end what is under way at the end."""
    sharing = SharedReader(reader, clock)
    try:
        yield sharing
    finally:
        await sharing.end()
