"""One alert that cannot be read keeps none of the others out, and is put aside with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handlers.domain.alerts import UNKNOWN_TIME
from handlers.domain.notification import MAX_ALERTS, MAX_UNREADABLE_CHARS, read_notification

BODY = json.loads((Path(__file__).parents[2] / "data" / "webhooks" / "grouped_two_firing.json").read_bytes())


def first_alert(**fields: Any) -> bytes:
    first, second = BODY["alerts"]
    return json.dumps({**BODY, "alerts": [{**first, **fields}, second]}).encode()


UNREADABLE = {
    "a status of another word": first_alert(status="pending"),
    "no status": first_alert(status=None),
    "labels of another type": first_alert(labels=["alertname"]),
    "no labels": first_alert(labels=None),
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
    assert [each.why for each in delivery.unreadable] == ["status is missing"] * 2
    assert len({each.key for each in delivery.unreadable}) == 1, "the same alert has the same key"


def test_what_is_kept_of_an_unreadable_alert_is_bounded() -> None:
    (put_aside,) = read_notification(first_alert(status="?", annotations={"a": "x" * 500_000})).unreadable
    assert len(put_aside.raw) == MAX_UNREADABLE_CHARS


@pytest.mark.parametrize(
    "odd",
    [
        {"startsAt": "noon"},
        {"startsAt": "0001-13-01T00:00:00Z"},
        {"startsAt": "0001-01-01T00:00:00+14:00"},
        {"startsAt": "9999-12-31T23:59:59-14:00"},
        {"startsAt": "2026-11-24T12:00:00+99:00"},
        {"startsAt": 10**400},
        {"startsAt": None},
        {"startsAt": [{}]},
    ],
    ids=str,
)
def test_a_time_that_is_none_is_an_unknown_one(odd: dict[str, Any]) -> None:
    assert read_notification(first_alert(**odd)).alerts[0].starts_at == UNKNOWN_TIME


@pytest.mark.parametrize("ends_at", ["0001-01-01T00:00:00Z", None, "2020-01-01T00:00:00Z", "noon"])
def test_an_end_that_is_none_or_before_the_start_ends_the_firing_that_it_names(ends_at: object) -> None:
    alert = read_notification(first_alert(status="resolved", endsAt=ends_at)).alerts[0]
    assert alert.ends_at == alert.starts_at
    assert alert.starts_at.year == 2026


def test_a_time_without_a_zone_is_utc() -> None:
    alert = read_notification(first_alert(startsAt="2026-11-24T12:00:00")).alerts[0]
    assert alert.starts_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("odd", "labels"),
    [
        ({"labels": {"alertname": "A", "shard": 3, "up": True, "gone": None}}, {"shard": "3", "up": "true"}),
        ({"labels": {"alertname": "A", "path": {"a": ["ü"]}}}, {"path": '{"a": ["ü"]}'}),
        ({"labels": {"alertname": "A", "odd": "\ud800"}}, {"odd": "?"}),
        ({"labels": {"alertname": "A", "long": "x" * 20_000}}, {"long": "x" * 16_383 + "…"}),
    ],
    ids=["numbers", "objects", "half a letter", "a label without end"],
)
def test_a_label_that_is_no_short_text_becomes_one(odd: dict[str, Any], labels: dict[str, str]) -> None:
    alert = read_notification(first_alert(**odd)).alerts[0]
    assert alert.labels == {"alertname": "A", **labels}


@pytest.mark.parametrize("fingerprint", ["", None, 7, "f" * 65, "two\nlines", "é"])
def test_a_fingerprint_that_is_none_is_computed_as_alertmanager_does(fingerprint: object) -> None:
    told = read_notification(first_alert(fingerprint=fingerprint)).alerts[0]
    assert told.fingerprint == BODY["alerts"][0]["fingerprint"]


def test_long_annotations_are_cut_and_a_long_address_is_left_out() -> None:
    body = first_alert(annotations={"summary": "x" * 500_000, "n": 7}, generatorURL="http://p/" + "x" * 9_000)
    alert = read_notification(body).alerts[0]
    assert alert.annotations == {"summary": "x" * 4_095 + "…", "n": "7"}
    assert alert.generator_url == ""


@pytest.mark.parametrize(
    "odd",
    [
        b'"annotations": {"summary": "caf\xe9"}',
        b'"annotations": {"n": ' + b"9" * 6000 + b"}",
        b'"n": -' + b"9" * 6000,
    ],
    ids=["no UTF-8", "digits", "digits of a field that nobody reads"],
)
def test_a_byte_or_number_that_cannot_be_read_takes_no_alert_away(odd: bytes) -> None:
    alert = (
        b'{"status": "firing", "labels": {"alertname": "A"}, "startsAt": "2026-11-23T07:17:02Z", %s}' % odd
    )
    (read,) = read_notification(b'{"version": "4", "alerts": [%s]}' % alert).alerts
    assert read.labels == {"alertname": "A"}


def test_a_label_without_a_value_is_none() -> None:
    labels = {"alertname": "A", "cluster": ""}
    assert read_notification(first_alert(labels=labels)).alerts[0].labels == {"alertname": "A"}


def test_a_group_over_the_limit_is_taken_as_far_as_it_goes() -> None:
    body = json.dumps(
        {**BODY, "truncatedAlerts": 3, "alerts": BODY["alerts"] * (MAX_ALERTS // 2 + 1)}
    ).encode()
    delivery = read_notification(body)
    assert (len(delivery.alerts), delivery.truncated) == (MAX_ALERTS, 5)


@pytest.mark.parametrize("odd", [None, -1, "three", 1.5, []])
def test_whatever_is_said_of_truncation(odd: object) -> None:
    assert read_notification(json.dumps({**BODY, "truncatedAlerts": odd}).encode()).truncated == 0


def test_truncation_and_a_future_alertmanagers_fields_come_through() -> None:
    body = json.dumps({**BODY, "truncatedAlerts": 3, "notification_reason": "x", "routeLabels": {}}).encode()
    delivery = read_notification(body)
    assert (len(delivery.alerts), delivery.unreadable, delivery.truncated) == (2, (), 3)
