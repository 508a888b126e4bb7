"""Wherever a body is cut, the alerts that stand in it whole are taken, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.cut_notification import beginning_of, with_group_of
from handlers.domain.notification import read_notification

BODY = (Path(__file__).parents[2] / "data" / "webhooks" / "grouped_two_firing.json").read_bytes()
COMPACT = json.dumps(json.loads(BODY), separators=(",", ":")).encode()


@pytest.mark.parametrize("body", [BODY, COMPACT], ids=["indented", "compact"])
@given(st.data())
def test_what_stands_whole_is_taken(body: bytes, data: st.DataObject) -> None:
    cut = body[: data.draw(st.integers(0, len(body)))]
    whole = [name for name in (b"a8d494d9e2023e26", b"1d300e89032ae2f1") if _is_whole(cut, name)]
    kept = beginning_of(cut)
    assert (kept is None) == (not whole)
    if kept:
        delivery = read_notification(kept)
        assert [alert.fingerprint.encode() for alert in delivery.alerts] == whole
        assert (delivery.unreadable, delivery.truncated, delivery.over_limit) == ((), 1, 1)


@pytest.mark.parametrize("body", [BODY, COMPACT], ids=["indented", "compact"])
def test_the_groups_labels_are_found_behind_the_alerts(body: bytes) -> None:
    kept = beginning_of(body[: body.index(b"1d300e89032ae2f1")])
    assert kept
    taken = read_notification(with_group_of(kept, body[-1000:]))
    assert taken.group_labels == json.loads(body)["groupLabels"]
    assert taken.group_is_known


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b'"groupLabels":',
        b'"groupLabels": {"a',
        b'"groupLabels": "demo"}',
        b'\\"groupLabels\\":{}',
        b"\xff",
    ],
)
def test_where_they_are_not_nobody_knows_the_group(end: bytes) -> None:
    kept = beginning_of(BODY)
    assert kept
    kept = json.dumps({**json.loads(kept), "groupLabels": None}).encode()
    assert not read_notification(with_group_of(kept, end)).group_is_known


def _is_whole(cut: bytes, fingerprint: bytes) -> bool:
    at = cut.find(fingerprint)
    return at >= 0 and b"}" in cut[at:]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"{",
        b"null",
        b'{"alerts":',
        b'{"alerts":[',
        b'{"alerts":[]',
        b'{"alerts":7,',
        b"[" * 9_999,
        b"\xff{",
    ],
    ids=repr,
)
def test_what_holds_no_alert_is_none(body: bytes) -> None:
    assert beginning_of(body) is None


def test_a_cut_body_of_another_version_is_still_no_notification() -> None:
    kept = beginning_of(b'{"version":"3","alerts":[{}')
    assert kept
    assert json.loads(kept)["version"] == "3"
