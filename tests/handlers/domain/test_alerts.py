"""What a notification changes, with bodies that a real Alertmanager sent."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from handlers.domain.alerts import (
    Alert,
    IncidentIdentity,
    Places,
    Reason,
    fingerprint_of,
    is_key_of,
    news,
    what_changed,
)
from handlers.domain.notification import read_notification
from tests.builders import alert

RECORDED = sorted((Path(__file__).parents[2] / "data" / "webhooks").glob("*.json"))
FROM_ALERTMANAGER = [body for body in RECORDED if not body.stem[0].isdigit()]
"""The others are written by hand: odd in one way each."""


@pytest.mark.parametrize("body", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_body_is_read(body: Path) -> None:
    delivery = read_notification(body.read_bytes())
    assert delivery.alerts
    assert delivery.unreadable == ()
    assert all(alert.fingerprint for alert in delivery.alerts)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"version":"3"}',
        b'{"version":"4","status":"firing","groupKey":"g","alerts":[]}',
        b"[" * 100_000,
    ],
    ids=["empty", "list", "half", "version 3", "no alerts", "deep"],
)
def test_what_is_no_version_4_notification_is_refused(body: bytes) -> None:
    with pytest.raises(ValidationError):
        read_notification(body)


def test_alerts_of_one_runbook_are_one_incident_and_an_unknown_alert_is_its_own() -> None:
    alerts = [alert("NoLeader"), alert("ElectionStorm"), alert("RootDiskFull"), alert(cluster="eu")]
    assert list(Places(("demo", "eu")).by_identity(alerts)) == [
        IncidentIdentity("demo", "leader-election"),
        IncidentIdentity("demo", "alert:RootDiskFull"),
        IncidentIdentity("eu", "leader-election"),
    ]


def test_an_alert_without_a_cluster_label_belongs_to_the_cluster_of_the_address() -> None:
    bare = alert().model_copy(update={"labels": {"alertname": "NoLeader"}})
    assert Places(("demo", "eu"), "eu").identity_of(bare) == IncidentIdentity("eu", "leader-election")
    assert Places(("demo", "eu")).identity_of(bare) == IncidentIdentity("unnamed", "unconfigured")
    assert Places(("demo",)).identity_of(bare) == IncidentIdentity("demo", "leader-election")


NAMES = ("eu", "eu/", "eu//", "/eu", "eu/west", "eu//west", "alert:a", "")


def test_no_two_identities_have_the_same_key_and_those_without_a_slash_keep_theirs() -> None:
    runbooks = ("leader-election", "alert:a/b", "alert:/", "alert:west/alert:b", "unconfigured")
    identities = [IncidentIdentity(cluster, runbook) for cluster in NAMES for runbook in runbooks]
    assert len({each.key for each in identities}) == len(identities)
    assert IncidentIdentity("eu", "alert:a/b").key == "eu/alert:a/b"
    for cluster in NAMES:
        assert {each.cluster for each in identities if is_key_of(cluster, each.key)} == {cluster}


@pytest.mark.parametrize("body", FROM_ALERTMANAGER, ids=lambda path: path.stem)
def test_the_fingerprint_is_the_one_that_alertmanager_gives(body: Path) -> None:
    for each in read_notification(body.read_bytes()).alerts:
        assert fingerprint_of(each.labels) == each.fingerprint


def test_the_same_alert_again_is_no_news() -> None:
    first = alert()
    assert news({first.fingerprint: first}, [alert()]) == ()


def test_a_start_that_the_api_has_cut_to_milliseconds_is_the_same_start() -> None:
    told = alert().model_copy(update={"starts_at": alert().starts_at + timedelta(microseconds=663_607)})
    listed = told.model_copy(update={"starts_at": alert().starts_at + timedelta(microseconds=663_000)})
    assert news({listed.fingerprint: listed}, [told]) == ()
    assert news({told.fingerprint: told}, [listed]) == ()
    later = told.model_copy(update={"starts_at": told.starts_at + timedelta(milliseconds=1)})
    assert news({told.fingerprint: told}, [later]) == (later,)


def test_firing_from_a_lagging_peer_after_resolved_does_not_reopen_but_a_later_start_does() -> None:
    resolved = alert(status="resolved", minute=5)
    known = {resolved.fingerprint: resolved}
    assert news(known, [alert(minute=0)]) == ()
    assert news(known, [alert(minute=6)]) != ()


def test_an_alert_that_is_absent_from_a_later_group_is_not_resolved_by_that() -> None:
    one, other = alert("NoLeader"), alert("ElectionStorm")
    known = {one.fingerprint: one, other.fingerprint: other}
    new = news(known, [alert("NoLeader", status="resolved", minute=3)])
    assert what_changed(known, new) is Reason.SOME_RESOLVED


@pytest.mark.parametrize(
    ("known", "new", "reason"),
    [
        ([], [alert()], Reason.OPENED),
        ([alert()], [], Reason.UNCHANGED),
        ([alert()], [alert("ElectionStorm")], Reason.ALERTS_ADDED),
        ([alert()], [alert(status="resolved", minute=1)], Reason.ALL_RESOLVED),
    ],
    ids=["opened", "unchanged", "added", "all resolved"],
)
def test_what_changed_has_a_name(known: list[Alert], new: list[Alert], reason: Reason) -> None:
    assert what_changed({a.fingerprint: a for a in known}, tuple(new)) is reason
