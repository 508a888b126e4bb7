"""Sentences of the bot's for a thread, each once under its key, and not without end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handlers.domain.events import Event
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.incident import Incident

Remark = tuple[str, str]
"""The key and the sentence of a `Remarked`."""

MAX_REMARKS = 30

LEFT_OUT: Remark = ("left-out", "There is more of this kind than is said here; the log of the bot has each.")


def remarked(incident: Incident, now: datetime, remarks: Iterable[Remark]) -> list[Event]:
    """Return events for the remarks that the incident lacks, up to MAX_REMARKS: each is a message."""
    new = [(key, sentence) for key, sentence in remarks if key not in incident.remarks]
    room = max(MAX_REMARKS - len(incident.remarks), 0)
    if len(new) > room:
        new = [*new[:room], *([LEFT_OUT] if LEFT_OUT[0] not in incident.remarks else [])]
    return [Remarked(at=now, key=key, sentence=sentence) for key, sentence in new]
