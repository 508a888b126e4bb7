"""Parse a webhook body of Alertmanager: set aside what cannot be read, take the rest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from handlers.domain.alerts import Alert, Received, Text

MAX_UNREADABLE_CHARS = 65_536
MAX_LABEL_CHARS = 200


class Notification(Received):
    """One webhook body of Alertmanager's version 4. The group key is opaque and never an identity."""

    version: Literal["4"]
    status: Literal["firing", "resolved"]
    receiver: Text = ""
    group_key: Text
    group_labels: Any = None
    truncated_alerts: Annotated[int, Field(ge=0)] = 0
    alerts: Annotated[tuple[Alert, ...], Field(min_length=1, max_length=10_000)]


class _Envelope(Notification):
    """A notification whose alerts are not parsed yet."""

    alerts: Annotated[tuple[Any, ...], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True)
class Unreadable:
    """An alert that was set aside: what came, and why it cannot be read, in our own words."""

    raw: str
    why: str

    @property
    def key(self) -> str:
        """Return the delivery key: equal for equal alerts."""
        return hashlib.sha256(self.raw.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Delivery:
    """A parsed notification: an alert that cannot be read does not keep the others out.

    `group_labels` are Alertmanager's, as far as they are short words; they say whose alerts these were.
    """

    alerts: tuple[Alert, ...]
    unreadable: tuple[Unreadable, ...] = ()
    truncated: int = 0
    group_labels: Mapping[str, str] = field(default_factory=dict)


def read_notification(body: bytes) -> Delivery:
    """Read a webhook body.

    Raises:
        ValidationError: If it is none of version 4; what is wrong with a single alert is in the answer.
    """
    try:
        whole = Notification.model_validate_json(body)
        return Delivery(whole.alerts, truncated=whole.truncated_alerts)
    except ValidationError:
        envelope = _Envelope.model_validate_json(body)
    alerts, unreadable = [], []
    for raw in envelope.alerts:
        try:
            alerts.append(Alert.model_validate(raw))
        except ValidationError as error:
            text = json.dumps(raw, ensure_ascii=False)[:MAX_UNREADABLE_CHARS]
            unreadable.append(Unreadable(text, first_complaint(error)))
    return Delivery(
        tuple(alerts), tuple(unreadable), envelope.truncated_alerts, _words(envelope.group_labels)
    )


def _words(labels: object) -> dict[str, str]:
    """Return the labels that are short words; whatever else is there decides nothing."""
    found = labels.items() if isinstance(labels, dict) else ()
    return {
        name: value
        for name, value in found
        if isinstance(value, str) and len(name) <= MAX_LABEL_CHARS and len(value) <= MAX_LABEL_CHARS
    }


def first_complaint(error: ValidationError) -> str:
    """Return the first error, as in `startsAt: Input should have timezone info`; omit unknown field names."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    parts = [str(part) for part in first["loc"]]
    place = ".".join(part if re.fullmatch(r"\w{1,40}", part, re.ASCII) else "…" for part in parts) or "body"
    return f"{place}: {first['msg']}"
