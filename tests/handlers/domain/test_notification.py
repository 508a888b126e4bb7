"""One alert that cannot be read keeps none of the others out, and is put aside with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.domain.notification import MAX_UNREADABLE_CHARS, read_notification

BODY = json.loads((Path(__file__).parents[2] / "data" / "webhooks" / "grouped_two_firing.json").read_bytes())


def first_alert(**fields: Any) -> bytes:
    first, second = BODY["alerts"]
    return json.dumps({**BODY, "alerts": [{**first, **fields}, second]}).encode()


UNREADABLE = {
    "a status of another word": first_alert(status="pending"),
    "labels of another type": first_alert(labels=["alertname"]),
    "a label that is a number": first_alert(labels={"alertname": 7}),
    "no time": first_alert(startsAt="noon"),
    "a time without zone": first_alert(startsAt="2026-11-24T12:00:00"),
    "no fingerprint": first_alert(fingerprint=""),
    "a fingerprint without end": first_alert(fingerprint="f" * 65),
    "an annotation without end": first_alert(annotations={"summary": "x" * 16_385}),
    "times in another order of things": first_alert(startsAt="0001-13-01T00:00:00Z"),
    "no object": json.dumps({**BODY, "alerts": ["NoLeader", BODY["alerts"][1]]}).encode(),
    "nothing": json.dumps({**BODY, "alerts": [None, BODY["alerts"][1]]}).encode(),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_the_rest_of_the_group_is_taken(body: bytes) -> None:
    delivery = read_notification(body)
    assert [alert.labels["node"] for alert in delivery.alerts] == ["node3"]
    (put_aside,) = delivery.unreadable
    assert json.loads(body)["alerts"][0] == json.loads(put_aside.raw)
    assert 0 < len(put_aside.why) < 300
    assert "\n" not in put_aside.why


def test_a_group_of_nothing_else_is_put_aside_whole() -> None:
    body = json.dumps({**BODY, "alerts": [{}, {}]}).encode()
    delivery = read_notification(body)
    assert delivery.alerts == ()
    assert [each.why for each in delivery.unreadable] == ["status: Field required"] * 2
    assert len({each.key for each in delivery.unreadable}) == 1, "the same alert has the same key"


@pytest.mark.parametrize("name", ["n" * 20_000, "two\nlines", "<!channel>"])
def test_a_label_name_does_not_write_the_sentence(name: str) -> None:
    (put_aside,) = read_notification(first_alert(labels={name: 7})).unreadable
    assert put_aside.why == "labels.…: Input should be a valid string"


def test_what_is_kept_of_an_unreadable_alert_is_bounded() -> None:
    (put_aside,) = read_notification(first_alert(annotations={"a": "x" * 500_000})).unreadable
    assert len(put_aside.raw) == MAX_UNREADABLE_CHARS


def test_truncation_and_a_future_alertmanagers_fields_come_through() -> None:
    body = json.dumps({**BODY, "truncatedAlerts": 3, "notification_reason": "x", "routeLabels": {}}).encode()
    delivery = read_notification(body)
    assert (len(delivery.alerts), delivery.unreadable, delivery.truncated) == (2, (), 3)
