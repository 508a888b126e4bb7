"""Sixty who ask at once are one observation, and who hangs up takes it away from nobody."""

from __future__ import annotations

import asyncio

import pytest

from agent.protocol import Observation, ObserveRequest
from agent.readings.reader import NodeReader
from agent.readings.shared import SharedObservations


class CountingReader(NodeReader):
    """Observes when it is let, and counts."""

    def __init__(self) -> None:
        self.taken, self.at_once, self.most_at_once = 0, 0, 0
        self.let = asyncio.Event()

    async def observe(self, request: ObserveRequest) -> Observation:
        self.taken += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.let.wait()
        self.at_once -= 1
        return Observation(cluster="demo", node="node1", boot_id="b", boottime_s=float(self.taken))


async def test_all_who_ask_meanwhile_share_one_observation() -> None:
    reader = CountingReader()
    shared = SharedObservations(reader)
    asking = [asyncio.create_task(shared.observe(ObserveRequest())) for _ in range(60)]
    await asyncio.sleep(0)
    asking[0].cancel()
    reader.let.set()
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    assert {each.boottime_s for each in await asyncio.gather(*asking[1:])} == {1.0}
    assert (await shared.observe(ObserveRequest())).boottime_s == 2.0, "what is over is not told again"


async def test_different_ones_are_taken_one_after_the_other() -> None:
    reader = CountingReader()
    reader.let.set()
    shared = SharedObservations(reader)
    requests = (ObserveRequest(readings=("clock",)), ObserveRequest(readings=("disk",)), ObserveRequest())
    await asyncio.gather(*map(shared.observe, requests))
    assert (reader.taken, reader.most_at_once) == (3, 1)
