"""The body of an Alertmanager webhook, version 4."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

STILL_FIRING = "0001-01-01T00:00:00Z"
"""The zero time of Go: what endsAt holds until an alert is resolved."""

_FNV_OFFSET, _FNV_PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True)
class Alert:
    """An alert that fires, or (with `ends_at`) has resolved; `labels` hold its alertname."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    expr: str
    starts_at: datetime
    ends_at: datetime | None = None


def webhook_body(group: Mapping[str, str], alerts: Sequence[Alert], external_url: str) -> dict[str, Any]:
    """Return the notification of one group, shaped as Alertmanager 0.25 sends it.

    Args:
        group: The labels that the alerts are grouped by.
        alerts: At least one.
        external_url: What links start with.
    """
    pairs = ", ".join(f"{name}={json.dumps(value)}" for name, value in sorted(group.items()))
    return {
        "receiver": "neumann-bot",
        "status": "firing" if any(alert.ends_at is None for alert in alerts) else "resolved",
        "alerts": [
            _alert(alert, external_url)
            for alert in sorted(alerts, key=lambda alert: sorted(alert.labels.items()))
        ],
        "groupLabels": dict(group),
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": f"{{}}:{{{pairs}}}",
        "truncatedAlerts": 0,
    }


def _alert(alert: Alert, external_url: str) -> dict[str, Any]:
    query = f"g0.expr={quote_plus(' '.join(alert.expr.split()))}&g0.tab=1"
    return {
        "status": "resolved" if alert.ends_at else "firing",
        "labels": dict(sorted(alert.labels.items())),
        "annotations": dict(sorted(alert.annotations.items())),
        "startsAt": _time(alert.starts_at),
        "endsAt": _time(alert.ends_at) if alert.ends_at else STILL_FIRING,
        "generatorURL": f"{external_url}/graph?{query}",
        "fingerprint": _fingerprint(alert.labels),
    }


def _fingerprint(labels: Mapping[str, str]) -> str:
    """Return the 16 hexadecimal digits by which Alertmanager names an alert.

    64-bit FNV-1a over the sorted names and values, a 0xff byte after each: LabelSet.Fingerprint in
    Prometheus' common/model/signature.go.
    """
    digest = _FNV_OFFSET
    for part in (part for pair in sorted(labels.items()) for part in pair):
        for byte in (*part.encode(), 0xFF):
            digest = ((digest ^ byte) * _FNV_PRIME) & _64_BITS
    return f"{digest:016x}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _common(sets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return dict(sorted(set.intersection(*(set(one.items()) for one in sets))))
