"""Notifications as Alertmanager sends them, alone and as a storm."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

RECORDED = (Path(__file__).parents[2] / "tests" / "data" / "webhooks" / "noleader_firing.json").read_bytes()
STARTED = "2026-11-24T00:00:00Z"
STILL_FIRING = "0001-01-01T00:00:00Z"
LARGEST_GROUP = 500
DUPLICATES = 0.3
RUNBOOKS_ALERT = "NoLeader"


@dataclass(frozen=True)
class Group:
    """One notification: the alerts of one name on one cluster, by their numbers."""

    cluster: str
    name: str
    numbers: tuple[int, ...]

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of its alerts."""
        return tuple(_fingerprint(self.cluster, self.name, number) for number in self.numbers)

    def body(self) -> bytes:
        """Return a notification of version 4 with one alert for each number."""
        return body(self.cluster, self.name, self.numbers)


def body(cluster: str, name: str, numbers: Iterable[int] = (0,)) -> bytes:
    """Return a notification of version 4 with one alert for each number."""
    common = {"alertname": name, "cluster": cluster, "severity": "critical"}
    summary = {"summary": f"{name} on {cluster}"}
    alerts = [
        {
            "status": "firing",
            "labels": {**common, "instance": f"10.0.{number // 250}.{number % 250}:9200"},
            "annotations": summary,
            "startsAt": STARTED,
            "endsAt": STILL_FIRING,
            "generatorURL": "http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
            "fingerprint": _fingerprint(cluster, name, number),
        }
        for number in numbers
    ]
    group = {"alertname": name, "cluster": cluster}
    return json.dumps(
        {
            "receiver": "neumann-bot",
            "status": "firing",
            "alerts": alerts,
            "groupLabels": group,
            "commonLabels": common,
            "commonAnnotations": summary,
            "externalURL": "http://alertmanager:9093",
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}", cluster="{cluster}"}}',
            "truncatedAlerts": 0,
        }
    ).encode()


def _fingerprint(cluster: str, name: str, number: int) -> str:
    return hashlib.blake2b(f"{cluster}/{name}/{number}".encode(), digest_size=8).hexdigest()


def storm(alerts: int, clusters: tuple[str, ...], names: tuple[str, ...], seed: int) -> list[Group]:
    """Return notifications in groups of 1 to 500 alerts, 30 % of them repeated, in random order.

    Group sizes are even in their logarithm: many small ones, few large ones, as routes make them.
    """
    chance = random.Random(seed)
    fresh: list[Group] = []
    given: dict[tuple[str, str], int] = {}
    count = 0
    while count < alerts * (1 - DUPLICATES):
        where = chance.choice(clusters), chance.choice(names)
        size = min(round(LARGEST_GROUP ** chance.random()), round(alerts * (1 - DUPLICATES)) - count)
        first = given.get(where, 0)
        given[where] = first + size
        fresh.append(Group(*where, tuple(range(first, first + size))))
        count += size
    again: list[Group] = []
    while count < alerts:
        repeated = chance.choice(fresh)
        kept = repeated.numbers[: alerts - count]
        again.append(Group(repeated.cluster, repeated.name, kept))
        count += len(kept)
    groups = fresh + again
    chance.shuffle(groups)
    return groups
