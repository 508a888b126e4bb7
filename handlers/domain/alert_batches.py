"""Split many alerts into as many as one event of a timeline can hold. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.domain.alerts import Alert

BATCH_BYTES = 2_000_000
"""Half of what the store takes as one event, since a single alert may have almost as much again."""


def in_batches(alerts: tuple[Alert, ...]) -> Iterator[tuple[Alert, ...]]:
    """Yield the alerts in order, as many at a time as have no more than `BATCH_BYTES`, but one at least."""
    batch: list[Alert] = []
    taken_bytes = 0
    for alert in alerts:
        size_bytes = len(alert.model_dump_json().encode())
        if batch and taken_bytes + size_bytes > BATCH_BYTES:
            yield tuple(batch)
            batch, taken_bytes = [], 0
        batch.append(alert)
        taken_bytes += size_bytes
    if batch:
        yield tuple(batch)
