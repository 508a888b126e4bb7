"""What differs between the incidents and the alerting is named; no clock, no I/O."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handlers.domain.alert_sources import Fired, Held, ReconcileCheckpoint
from handlers.domain.alerts import Alert, IncidentIdentity, Places, Reason
from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.reconcile import (
    Difference,
    Discrepancy,
    KnownIncidents,
    Seen,
    came_and_went,
    never_arrived,
    resolved_never_came,
    sentence,
)
from tests.builders import NOON, alert, opened

PLACES = Places(("demo",))
ELECTION = IncidentIdentity("demo", "leader-election")
FIRST_LOOK = ReconcileCheckpoint(at=NOON)
GRACE_S = 300.0


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def held(*alerts: Alert, suppressed: bool = False, ours: bool = True) -> Seen:
    return Seen(tuple(Held(each, suppressed=suppressed, ours=ours) for each in alerts))


def incident(*alerts: Alert, closed: bool = False) -> Incident:
    events: list[Event] = [
        opened(*alerts),
        *([Closed(at=NOON + minutes(9), detail="over")] if closed else []),
    ]
    return fold("inc-1", events)


def with_open(*alerts: Alert) -> KnownIncidents:
    return KnownIncidents({ELECTION: incident(*alerts)})


def arrivals(
    seen: Seen, known: KnownIncidents, at: float, before: ReconcileCheckpoint = FIRST_LOOK
) -> list[Discrepancy]:
    return never_arrived(seen, known, PLACES, before, NOON + minutes(at))[0]


def test_an_alert_that_fires_for_a_minute_and_that_nobody_knows_never_arrived() -> None:
    (found,) = arrivals(held(alert()), KnownIncidents({}), at=1)
    assert (found.difference, found.identity) == (Difference.NEVER_ARRIVED, ELECTION)
    assert found.alerts == (alert(),)
    assert "NoLeader firing since 12:00:00 UTC" in sentence(found, True)


def test_one_that_has_just_begun_may_still_be_on_its_way() -> None:
    found, waiting = never_arrived(held(alert()), KnownIncidents({}), PLACES, FIRST_LOOK, NOON + minutes(0.5))
    assert found == []
    assert waiting == {alert().fingerprint: NOON + minutes(0.5)}


def test_one_whose_start_lies_in_our_future_is_given_a_minute_of_our_own() -> None:
    from_the_future, now = held(alert(minute=60)), NOON
    found, waiting = never_arrived(from_the_future, KnownIncidents({}), PLACES, FIRST_LOOK, now)
    assert found == []
    before = ReconcileCheckpoint(at=now, unknown_since=waiting)
    assert arrivals(from_the_future, KnownIncidents({}), at=0.5, before=before) == []
    assert len(arrivals(from_the_future, KnownIncidents({}), at=1, before=before)) == 1


def test_one_that_belongs_to_an_open_incident_joins_it_at_once() -> None:
    (found,) = arrivals(held(alert(), alert("ElectionStorm")), with_open(alert()), at=0)
    assert [each.name for each in found.alerts] == ["ElectionStorm"]
    assert found.incident


@pytest.mark.parametrize(
    "seen",
    [held(alert(), suppressed=True), held(alert(), ours=False), held()],
    ids=["suppressed", "another receiver's", "nothing"],
)
def test_what_the_webhook_would_not_have_told_is_not_missed(seen: Seen) -> None:
    assert arrivals(seen, KnownIncidents({}), at=10) == []


def test_what_a_lagging_peer_still_holds_of_a_closed_incident_is_not_missed() -> None:
    known = KnownIncidents({}, (incident(alert(status="resolved", minute=5), closed=True),))
    assert arrivals(held(alert(minute=4)), known, at=10) == []
    assert len(arrivals(held(alert(minute=6)), known, at=10)) == 1


def test_what_another_incident_of_the_cluster_knows_is_not_missed() -> None:
    lag = alert("HighReplicationLag")
    assert arrivals(held(lag), with_open(alert()), at=9) != []
    assert arrivals(held(lag), with_open(alert(), lag), at=9) == [], "explained there, or merged into it"


def test_absent_for_the_grace_is_resolved_and_not_a_moment_before() -> None:
    known, before = with_open(alert(), alert("NodeDown")), FIRST_LOOK
    seen = held(alert("NodeDown"))
    for minute in (1, 2, 5):
        now = NOON + minutes(minute)
        found, absent = resolved_never_came(seen, known, before, now, GRACE_S)
        assert found == []
        assert absent == {f"inc-1/{alert().fingerprint}": NOON + minutes(1)}
        before = ReconcileCheckpoint(at=now, absent_since=absent)
    (over,), absent = resolved_never_came(seen, known, before, NOON + minutes(6), GRACE_S)
    assert absent == {}
    (resolved,) = over.alerts
    assert (resolved.name, resolved.status, resolved.presumed) == ("NoLeader", "resolved", True)
    assert resolved.ends_at == NOON + minutes(1)
    assert "neither Alertmanager nor Prometheus has held it since 12:01:00 UTC" in sentence(over, True)
    assert "but Alertmanager has not held it" in sentence(over, False)


def test_one_that_is_held_again_starts_anew() -> None:
    known = with_open(alert())
    _, absent = resolved_never_came(held(), known, FIRST_LOOK, NOON, GRACE_S)
    assert absent
    before = ReconcileCheckpoint(at=NOON, absent_since=absent)
    assert resolved_never_came(held(alert()), known, before, NOON + minutes(9), GRACE_S) == ([], {})


@pytest.mark.parametrize(
    "seen",
    [
        held(alert(), suppressed=True),
        held(alert(), ours=False),
        Seen((), firing=({"alertname": "NoLeader", "cluster": "demo"},)),
    ],
    ids=["silenced", "routed elsewhere by now", "only Prometheus holds it"],
)
def test_silence_inhibition_and_routes_end_nothing(seen: Seen) -> None:
    before = ReconcileCheckpoint(at=NOON, absent_since={f"inc-1/{alert().fingerprint}": NOON})
    assert resolved_never_came(seen, with_open(alert()), before, NOON + minutes(9), GRACE_S) == ([], {})


def test_another_alert_of_the_rule_in_prometheus_does_not_keep_it() -> None:
    seen = Seen((), firing=({"alertname": "NoLeader", "cluster": "eu"},))
    before = ReconcileCheckpoint(at=NOON, absent_since={f"inc-1/{alert().fingerprint}": NOON})
    assert resolved_never_came(seen, with_open(alert()), before, NOON + minutes(9), GRACE_S)[0]


def fired(first: float, last: float, **labels: str) -> Fired:
    own = {"alertname": "NoLeader", "cluster": "demo", **labels}
    return Fired(own, NOON + minutes(first), NOON + minutes(last))


def test_what_fired_and_ended_unseen_came_and_went() -> None:
    (found,) = came_and_went(Seen((), (), (fired(1, 3), fired(6, 7))), KnownIncidents({}), PLACES)
    assert found.difference is Difference.CAME_AND_WENT
    assert [(each.status, each.starts_at, each.ends_at) for each in found.alerts] == [
        ("resolved", NOON + minutes(1), NOON + minutes(3)),
        ("resolved", NOON + minutes(6), NOON + minutes(7)),
    ]
    assert "NoLeader fired from 2026-11-24 12:01:00 to 12:07:00 UTC" in sentence(found, True)


@pytest.mark.parametrize(
    "seen",
    [
        Seen((), ({"alertname": "NoLeader", "cluster": "demo"},), (fired(1, 3),)),
        Seen((), (), (fired(1, 3, cluster="nobody's"),)),
    ],
    ids=["it still fires", "a cluster that is not configured"],
)
def test_what_is_not_over_or_not_ours_did_not_come_and_go(seen: Seen) -> None:
    assert came_and_went(seen, KnownIncidents({}), PLACES) == []


def test_a_firing_that_an_incident_has_seen_is_not_told_again() -> None:
    external: dict[str, Any] = {
        "region": "lab"
    }  # Prometheus adds it on the way to Alertmanager, and not to its own series
    ended = alert(status="resolved", minute=3, **external)
    seen = Seen((), (), (fired(0.5, 3.2),))
    closed = KnownIncidents({}, (incident(alert(**external), ended, closed=True),))
    assert came_and_went(seen, closed, PLACES) == []
    assert came_and_went(seen, with_open(alert(**external)), PLACES) == []
    later = Seen((), (), (fired(0.5, 3.2), fired(6, 8)))
    (found,) = came_and_went(later, closed, PLACES)
    assert [each.starts_at for each in found.alerts] == [NOON + minutes(6)]


def test_an_incident_remembers_each_firing_of_an_alert() -> None:
    again = alert(minute=5)
    twice = AlertsReceived(
        at=NOON, reason=Reason.ALERTS_ADDED, cluster="demo", runbook=ELECTION.runbook, alerts=(again,)
    )
    both = fold("inc-1", [opened(alert()), opened(alert(status="resolved", minute=2)), twice])
    known = KnownIncidents({ELECTION: both})
    assert came_and_went(Seen((), (), (fired(0, 2), fired(5, 6))), known, PLACES) == []
    assert came_and_went(Seen((), (), (fired(3.2, 3.8),)), known, PLACES), "in between it fired unseen"


def test_an_older_firing_does_not_end_the_one_that_goes_on() -> None:
    past = AlertsReceived(
        at=NOON,
        reason=Reason.CAME_AND_WENT,
        cluster="demo",
        runbook=ELECTION.runbook,
        alerts=(alert(status="resolved", minute=1),),
    )
    after = fold("inc-1", [opened(alert(minute=3)), past])
    assert [each.starts_at for each in after.firing] == [NOON + minutes(3)]
