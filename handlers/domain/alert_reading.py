"""Read an alert as another program sent it: a long text is cut, and what decides nothing may be odd. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from handlers.domain.alerts import STILL_FIRING, UNKNOWN_TIME, Alert, fingerprint_of, is_known_time

MAX_LABEL_CHARS = 16_384
"""Labels say which alert it is, and are matched by silences, so they are cut late."""

MAX_ANNOTATION_CHARS = 4_096
"""Annotations are for reading; a thread shows 300 characters of one."""

MAX_LABELS_CHARS, MAX_ANNOTATIONS_CHARS = 196_608, 65_536
"""Of an alert's together, names and values; what is beyond is left out, so that one event holds any alert."""

LABELS_FIRST = ("alertname", "cluster", "severity", "instance", "node")
ANNOTATIONS_FIRST = ("summary", "description", "message", "runbook_url")
"""What is shown, or decides, is the last to be left out."""

MAX_URL_CHARS = 2_000
"""A longer address is left out: cut, it would lead elsewhere."""

_FINGERPRINT = re.compile(r"[!-~]{1,64}")
_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)


def read_alert(raw: object) -> Alert:
    """Return the alert; only its labels and its status must be readable.

    Raises:
        ValidationError: If it is no object, or which alert it is or whether it fires cannot be read.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("labels"), dict):
        return Alert.model_validate(raw)
    # To Prometheus a label without a value is none.
    labels = {name: value for name, value in _texts(raw["labels"]).items() if value}
    starts_at = _moment(raw.get("startsAt"))
    fingerprint, url = raw.get("fingerprint"), raw.get("generatorURL")
    given = isinstance(fingerprint, str) and _FINGERPRINT.fullmatch(fingerprint)
    return Alert.model_validate(
        {
            "status": raw.get("status"),
            "labels": _within(labels, MAX_LABEL_CHARS, MAX_LABELS_CHARS, LABELS_FIRST),
            "annotations": _within(
                _texts(raw.get("annotations")), MAX_ANNOTATION_CHARS, MAX_ANNOTATIONS_CHARS, ANNOTATIONS_FIRST
            ),
            "starts_at": starts_at,
            "ends_at": _end(raw.get("endsAt"), starts_at)
            if raw.get("status") == "resolved"
            else STILL_FIRING,
            "fingerprint": fingerprint if given else fingerprint_of(labels),
            "generator_url": text_of(url) if isinstance(url, str) and len(url) <= MAX_URL_CHARS else "",
        }
    )


def _texts(pairs: object) -> dict[str, str]:
    """Return the names that have a value, each as text."""
    found = pairs.items() if isinstance(pairs, Mapping) else ()
    return {
        _cut(text_of(name), MAX_LABEL_CHARS): text_of(value) for name, value in found if value is not None
    }


def text_of(value: object) -> str:
    """Return a value of a JSON document as text that can be stored: half a surrogate pair cannot."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "…"
    return text.encode(errors="replace").decode()


def _within(
    texts: Mapping[str, str], each_chars: int, all_chars: int, first: tuple[str, ...]
) -> dict[str, str]:
    """Return the texts, each cut, as far as all together have no more characters; those of `first` first."""
    kept: set[str] = set()
    for name in (*(name for name in first if name in texts), *texts):
        if name not in kept:
            all_chars -= len(name) + min(len(texts[name]), each_chars)
            if all_chars < 0:
                break
            kept.add(name)
    return {name: _cut(value, each_chars) for name, value in texts.items() if name in kept}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _moment(value: object) -> datetime:
    """Return a time in UTC, which is also meant where no zone stands; UNKNOWN_TIME where it is none."""
    try:
        at = _TIME.validate_python(value)
    except ValidationError:
        return UNKNOWN_TIME
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.astimezone(UTC) if is_known_time(zoned) else UNKNOWN_TIME


def _end(value: object, starts_at: datetime) -> datetime:
    """Return the end of a "resolved"; without a time of its own it ends the firing that it names."""
    return max(_moment(value), starts_at)
