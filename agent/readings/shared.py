"""One observation at a time, shared by all who ask for it meanwhile: each starts a dozen processes."""

from __future__ import annotations

import asyncio

from agent.protocol import Observation, ObserveRequest
from agent.readings.reader import NodeReader


class SharedObservations:
    """Observe the node once for everybody who asks the same at the same time."""

    def __init__(self, reader: NodeReader) -> None:
        self._reader = reader
        self._under_way: dict[ObserveRequest, asyncio.Task[Observation]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def observe(self, request: ObserveRequest) -> Observation:
        """Return the observation that is under way for this request, or a new one."""
        task = self._under_way.get(request)
        if task is None:
            task = self._under_way[request] = asyncio.create_task(self._take(request))
            task.add_done_callback(lambda _: self._under_way.pop(request, None))
        # Who hangs up does not take it away from the others.
        return await asyncio.shield(task)

    async def _take(self, request: ObserveRequest) -> Observation:
        async with self._one_at_a_time:
            return await self._reader.observe(request)
