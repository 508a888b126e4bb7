"""The body of an Alertmanager webhook, version 4."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lab.alerting.alerts import Alert, fingerprint
from lab.alerting.samples import Labels

STILL_FIRING = "0001-01-01T00:00:00Z"
"""The zero time of Go: what endsAt holds until an alert is resolved."""


def webhook_body(group: Labels, alerts: Sequence[Alert], external_url: str) -> dict[str, Any]:
    """Return the notification of one group, shaped as Alertmanager 0.25 sends it.

    group: the labels grouped by. alerts: at least one, each firing or resolved. external_url: what links
    start with.
    """
    firing = any(alert.stage == "firing" for alert in alerts)
    return {
        "receiver": "neumann-bot",
        "status": "firing" if firing else "resolved",
        "alerts": [_alert(alert, external_url) for alert in sorted(alerts, key=lambda alert: alert.labels)],
        "groupLabels": dict(group),
        "commonLabels": _common([dict(alert.labels) for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": group_key(group),
        "truncatedAlerts": 0,
    }


def group_key(group: Labels) -> str:
    """Return the key of a group under the top route, such as `{}:{cluster="demo"}`."""
    pairs = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in group)
    return f"{{}}:{{{pairs}}}"


def _alert(alert: Alert, external_url: str) -> dict[str, Any]:
    return {
        "status": alert.stage,
        "labels": dict(alert.labels),
        "annotations": dict(sorted(alert.annotations.items())),
        "startsAt": _time(alert.starts_at),
        "endsAt": _time(alert.ends_at),
        "generatorURL": f"{external_url}/graph?{alert.generator_query}",
        "fingerprint": fingerprint(alert.labels),
    }


def _time(moment: datetime | None) -> str:
    if moment is None:
        return STILL_FIRING
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _common(sets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return dict(sorted(set.intersection(*(set(one.items()) for one in sets))))
