"""What happens in every delivery run: alerts of three clusters begin, are repeated, and end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import httpx

from handlers.domain.alerts import fingerprint_of
from measure.chaos.delivery_rig import DeliveryRig

Labels = dict[str, str]
BETWEEN_S = 3.0
AGAIN_S = 60.0
"""Prometheus' own `resend-delay`."""


@dataclass
class Story:
    """One run's alerts, told to both Alertmanagers as Prometheus tells them."""

    rig: DeliveryRig
    run: str
    fired: dict[str, Labels] = field(default_factory=dict)
    firing: set[str] = field(default_factory=set)
    brief: set[str] = field(default_factory=set)
    """What is over so soon that a receiver that is away never hears of it."""

    before: frozenset[str] = frozenset()
    """The incidents that there were before."""

    async def begin(self) -> None:
        """Begin: one cluster loses its leader, another's disk fills up, an unknown one has something odd."""
        await self.fire("NoLeader", "north")
        await self.fire("DiskFull", "south", disk="a")
        await self.fire("Odd", "elsewhere")

    async def go_on(self) -> None:
        """Go on: more alerts join two incidents, and the third is over."""
        await asyncio.sleep(BETWEEN_S)
        await self.fire("ElectionStorm", "north")
        await self.fire("DiskFull", "south", disk="b")
        self.brief = {fingerprint_of(self._labels("Odd", "elsewhere"))}
        await self.resolve("Odd", "elsewhere")

    async def end(self) -> None:
        """End all alerts."""
        for labels in [self.fired[each] for each in self.firing]:
            await self._tell(labels, over=True)
        self.firing.clear()

    async def repeat(self) -> None:
        """Tell of what fires again and again, until cancelled: else Alertmanager takes it to be over."""
        while True:
            await asyncio.sleep(AGAIN_S)
            for labels in [self.fired[each] for each in self.firing]:
                await self._tell(labels, over=False)

    async def fire(self, name: str, cluster: str, **more: str) -> None:
        """Begin an alert."""
        labels = self._labels(name, cluster, **more)
        self.fired[fingerprint_of(labels)] = labels
        self.firing.add(fingerprint_of(labels))
        await self._tell(labels, over=False)

    async def resolve(self, name: str, cluster: str, **more: str) -> None:
        """End an alert."""
        labels = self._labels(name, cluster, **more)
        self.firing.discard(fingerprint_of(labels))
        await self._tell(labels, over=True)

    def _labels(self, name: str, cluster: str, **more: str) -> Labels:
        return {"alertname": name, "cluster": cluster, "run": self.run, **more}

    async def _tell(self, labels: Labels, *, over: bool) -> None:
        for peer in self.rig.alerting:
            await (peer.resolve(labels) if over else peer.fire(labels))

    async def held(self) -> set[str]:
        """Return the fingerprints of what the Alertmanagers hold firing of this run, by their API."""
        found: set[str] = set()
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            for peer in self.rig.alerting:
                answer = await http.get(
                    f"{peer.url}/api/v2/alerts", params={"filter": f'run="{self.run}"', "active": "true"}
                )
                found |= {alert["fingerprint"] for alert in answer.raise_for_status().json()}
        return found
