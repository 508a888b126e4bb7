"""What a storm's alerts do, in the order in which it is told, and the truth at its end."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

CLUSTERS, GROUP_SIZE, REPEATED, ENDED = 10, 20, 0.3, 0.3
BEGAN = datetime(2026, 11, 24, tzinfo=UTC)
ZERO = "0001-01-01T00:00:00Z"
Notification = tuple[str, tuple["Said", ...]]
"""A cluster, and its alerts as one notification says them."""


@dataclass(frozen=True)
class Said:
    """One alert in one notification: which of its firings, and whether that is over."""

    number: int
    firing: int
    over: bool

    @property
    def fingerprint(self) -> str:
        """Return its name."""
        return f"{self.number:016x}"

    @property
    def starts_at(self) -> datetime:
        """Return when this firing began."""
        return BEGAN + timedelta(minutes=10 * self.firing)

    def as_json(self, cluster: str) -> dict[str, Any]:
        """Return it as Alertmanager sends it."""
        over_at = (self.starts_at + timedelta(minutes=5)).isoformat()
        return {
            "status": "resolved" if self.over else "firing",
            "labels": {"alertname": "HighLatency", "cluster": cluster, "instance": str(self.number)},
            "annotations": {"summary": "slow"},
            "startsAt": self.starts_at.isoformat(),
            "endsAt": over_at if self.over else ZERO,
            "fingerprint": self.fingerprint,
        }


def story(alerts: int, chance: random.Random) -> list[Notification]:
    """Return the notifications in the order in which they come: some are repeated, a third of them ends."""
    told: list[Notification] = []
    for first in range(0, alerts, GROUP_SIZE):
        cluster = f"c{first // GROUP_SIZE % CLUSTERS}"
        numbers = range(first, min(first + GROUP_SIZE, alerts))
        last = [chance.randrange(2) for _ in numbers]
        for firing in (0, 1):
            begun = [each for each, newest in zip(numbers, last, strict=True) if newest >= firing]
            if begun:
                told.append((cluster, tuple(Said(each, firing, over=False) for each in begun)))
            # A firing that another one follows has ended; of the newest some have.
            over = [
                each
                for each, newest in zip(numbers, last, strict=True)
                if newest > firing or (newest == firing and chance.random() < ENDED)
            ]
            if over:
                told.append((cluster, tuple(Said(each, firing, over=True) for each in over)))
    told += [chance.choice(told) for _ in range(round(len(told) * REPEATED))]
    chance.shuffle(told)
    return told


def truth(told: list[Notification]) -> dict[str, Literal["firing", "resolved"]]:
    """Return what each alert's newest word says, whatever the order: an end is newer than its own start."""
    newest: dict[str, tuple[int, bool]] = {}
    for _, said in told:
        for each in said:
            newest[each.fingerprint] = max(
                newest.get(each.fingerprint, (-1, False)), (each.firing, each.over)
            )
    return {name: "resolved" if over else "firing" for name, (_, over) in newest.items()}


def body_of(told: Notification) -> bytes:
    """Return a notification of Alertmanager's version 4."""
    cluster, said = told
    return json.dumps(
        {
            "version": "4",
            "groupKey": f"{{}}:{cluster}",
            "receiver": "bot",
            "status": "resolved" if all(each.over for each in said) else "firing",
            "groupLabels": {"alertname": "HighLatency"},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "",
            "truncatedAlerts": 0,
            "alerts": [each.as_json(cluster) for each in said],
        }
    ).encode()
