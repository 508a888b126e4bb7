"""Alerts that stand in for what could not be read: rather a thread too many than an alert unseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import ValidationError

from handlers.domain.alert_reading import read_alert
from handlers.domain.alerts import STILL_FIRING, UNKNOWN_TIME, Alert, fingerprint_of

UNREADABLE = "UnreadableNotification"
"""Name of the alert that stands in where not even a name can be read."""


def of_alert(raw: object, why: str) -> Alert | None:
    """Return an alert that fires in place of one whose state cannot be read; `None` if it has no name.

    It has the labels, the start and the fingerprint that could be read, so its own "resolved" ends it.
    """
    try:
        alert = read_alert({**raw, "status": "firing"} if isinstance(raw, dict) else raw)
    except ValidationError:
        return None
    if not alert.labels.get("alertname"):
        return None
    summary = f"Alertmanager sent this alert in a form that cannot be read ({why}); it is taken as firing."
    return alert.model_copy(
        update={"stand_in": True, "annotations": {**alert.annotations, "summary": summary}}
    )


def of_group(group_labels: Mapping[str, str], status: Literal["firing", "resolved"]) -> Alert:
    """Return an alert in place of a notification without a readable one, named as its group is.

    It fires until the group resolves, somebody ends it, or Alertmanager turns out to hold no such alert.
    """
    labels = {"alertname": UNREADABLE, **group_labels}
    group = ", ".join(f"{name}={value}" for name, value in group_labels.items())
    summary = f"Alertmanager sent a notification in which no alert can be read. Its group: {group or 'all'}."
    return Alert(
        status=status,
        labels=labels,
        annotations={"summary": summary},
        starts_at=UNKNOWN_TIME,
        ends_at=UNKNOWN_TIME if status == "resolved" else datetime.fromisoformat(STILL_FIRING),
        fingerprint=fingerprint_of({**labels, "stand_in": "group"}),
        stand_in=True,
    )
