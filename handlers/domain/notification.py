"""Parse a webhook body of Alertmanager: put aside what cannot be read, take the rest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from handlers.domain import stand_in
from handlers.domain.alert_reading import read_alert, text_of
from handlers.domain.alerts import Alert, Received
from handlers.domain.complaints import complaint

MAX_UNREADABLE_CHARS = 65_536
MAX_LABEL_CHARS = 200

MAX_DIGITS = 300
"""Of a whole number; Python refuses those of more than 4,300."""

MAX_ALERTS = 10_000
"""Of a larger group the rest counts as left out by the sender, as its `truncatedAlerts` do."""


class _Envelope(Received):
    """One webhook body of Alertmanager's version 4, whatever its alerts are.

    The group key is opaque and never an identity, so it is not even looked at. `cut_by_receiver` marks what
    the bot kept of a body that was too large.
    """

    version: Literal["4"]
    status: Any = None
    group_labels: Any = None
    truncated_alerts: Any = 0
    cut_by_receiver: Any = False
    alerts: Annotated[tuple[Any, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Unreadable:
    """An alert that was put aside: what came, and why it is none, in words that are not the sender's.

    `stand_in` fires in its place, where at least its name could be read.
    """

    raw: str
    why: str
    stand_in: Alert | None = None

    @property
    def key(self) -> str:
        """Return the delivery key: equal for equal alerts."""
        return hashlib.sha256(self.raw.encode(errors="replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Delivery:
    """A notification, taken apart: one alert that cannot be read keeps none of the others out.

    `truncated` is how many alerts were left out, `over_limit` how many of these by the bot. `all_resolved`
    is Alertmanager's word on the whole group. `group_labels` are Alertmanager's, as far as they are short
    words; they say whose alerts these were. `group_is_known` says that these are all of them.
    """

    alerts: tuple[Alert, ...]
    unreadable: tuple[Unreadable, ...] = ()
    truncated: int = 0
    over_limit: int = 0
    all_resolved: bool = False
    group_labels: Mapping[str, str] = field(default_factory=dict)
    group_is_known: bool = False

    @property
    def stand_ins(self) -> tuple[Alert, ...]:
        """Return what fires in place of what could not be read, and what ends that of an earlier delivery."""
        named = tuple(each.stand_in for each in self.unreadable if each.stand_in)
        if not self.alerts and not named:
            return (stand_in.of_group(self.group_labels, "firing"),)
        if self.all_resolved and not self.unreadable and not self.truncated:
            return (stand_in.of_group(self.group_labels, "resolved"),)
        return named


def read_notification(body: bytes) -> Delivery:
    """Read a webhook body.

    Raises:
        ValidationError: If it is none of version 4; what is wrong with a single alert is in the answer.
    """
    envelope = _envelope(body)
    alerts, unreadable = [], []
    for raw in envelope.alerts[:MAX_ALERTS]:
        try:
            alerts.append(read_alert(raw))
        except ValidationError as error:
            unreadable.append(_put_aside(raw, first_complaint(error)))
    over_limit = len(envelope.alerts[MAX_ALERTS:]) + (envelope.cut_by_receiver is True)
    told = envelope.truncated_alerts
    return Delivery(
        tuple(alerts),
        tuple(unreadable),
        truncated=(max(told, 0) if isinstance(told, int) else 0) + over_limit,
        over_limit=over_limit,
        all_resolved=envelope.status == "resolved",
        group_labels=(words := _words(envelope.group_labels)),
        group_is_known=words == envelope.group_labels,
    )


def _envelope(body: bytes) -> _Envelope:
    try:
        # A byte that is no text, or a number that is too long, may stand where nothing is decided.
        document = json.loads(body.decode(json.detect_encoding(body), "replace"), parse_int=_number)
    except (ValueError, RecursionError):
        return _Envelope.model_validate_json(body)  # it says what is wrong, and where
    return _Envelope.model_validate(document)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


def _put_aside(raw: object, why: str) -> Unreadable:
    # As JSON, a text too.
    return Unreadable(text_of([raw])[1:-1][:MAX_UNREADABLE_CHARS], why, stand_in.of_alert(raw, why))


def _words(labels: object) -> dict[str, str]:
    """Return the labels that are short words; whatever else is there decides nothing."""
    found = labels.items() if isinstance(labels, dict) else ()
    return {
        name: value
        for name, value in found
        if isinstance(value, str)
        and len(name) <= MAX_LABEL_CHARS
        and len(value) <= MAX_LABEL_CHARS
        and f"{name}{value}".isprintable()
    }


def first_complaint(error: ValidationError) -> str:
    """Return the first error, as in `startsAt has no time zone`; omit unknown field names."""
    first = error.errors(include_url=False, include_input=False)[0]
    parts = [str(part) for part in first["loc"]]
    place = ".".join(part if re.fullmatch(r"\w{1,40}", part, re.ASCII) else "…" for part in parts) or "body"
    return f"{place} {complaint(first)}"
