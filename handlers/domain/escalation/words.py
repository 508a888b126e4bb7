"""Say in a sentence or two what is wrong, for whoever is told of an incident. Pure."""

from __future__ import annotations

from handlers.domain.foreign_text import one_line
from handlers.domain.incident import Incident
from runbooks.all_runbooks import can_prove
from runbooks.wording import listed

MAX_SAID_CHARS = 400
MAX_NAMES = 3


def what_is_wrong(incident: Incident) -> str:
    """Return the cluster, its alerts, and the verdict; without one, what the alert itself says."""
    names = listed(sorted({alert.name for alert in incident.alerts.values()}), at_most=MAX_NAMES)
    summaries = (alert.annotations.get("summary", "") for alert in incident.firing)
    said = next(filter(None, summaries), "")
    if incident.diagnosis and (can_prove(incident.runbook) or not said):
        said = incident.diagnosis.summary
    words = " ".join(one_line(said).split())[:MAX_SAID_CHARS] or "Not diagnosed yet."
    return f"{incident.cluster}: {names}. {words}"
