"""What a receiver of Alertmanager must survive, case by case, on bodies that a real one sent."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from handlers.alerting import intake, reconcile_alerts
from handlers.domain.alert_sources import Fired, Held
from handlers.domain.alerts import Alert, IncidentIdentity, Reason, fingerprint_of
from handlers.domain.events import EVENT, Event
from handlers.domain.events.lifecycle import AlertsReceived, Closed
from handlers.domain.incident import Incident
from handlers.domain.notification import read_notification
from handlers.domain.stand_in import UNREADABLE
from tests.builders import NOON
from tests.handlers.world import Alerting, Cluster, World

RECORDED = Path(__file__).parents[1] / "data" / "webhooks"
FIRING, RESOLVED = "noleader_firing", "noleader_resolved"
TWO, MIXED = "grouped_two_firing", "grouped_mixed_one_resolved"
TRUNCATED = "grouped_firing_max_alerts2_truncated1"


def body(name: str, alert: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """A recorded body; `alert` changes its first alert, `fields` the envelope."""
    document = json.loads((RECORDED / f"{name}.json").read_bytes()) | fields
    document["alerts"][0] |= alert or {}
    return json.dumps(document).encode()


async def receives(world: World, *bodies: bytes) -> list[tuple[str, ...]]:
    return [await intake.receive(world.ports, read_notification(each), "demo") for each in bodies]


async def only_incident(world: World) -> Incident:
    assert list(world.timelines.events) == ["inc-1"]
    return await world.timelines.load("inc-1")


async def closes(world: World) -> None:
    incident = await world.timelines.load("inc-1")
    await world.timelines.append(incident, Closed(at=world.time.now(), detail="over"))
    await world.timelines.release(incident.identity, incident.id)


@pytest.mark.parametrize(
    "duplicate",
    [
        body(FIRING),
        body(FIRING, externalURL="http://alertmanager-2:9093", receiver="bot-2"),
        body(FIRING, {"startsAt": "2026-11-23T07:16:40Z"}),
    ],
    ids=["to the byte", "from the other peer", "from the other Prometheus, earlier"],
)
async def test_ha_duplicate_also_seconds_apart_after_an_outage(duplicate: bytes) -> None:
    world = World()
    assert await receives(world, body(FIRING), duplicate, duplicate) == [("inc-1",), (), ()]
    assert world.kinds() == ["alerts_received"]


async def test_ha_duplicate_that_began_later_is_noted_once_and_shows_nothing_new() -> None:
    world = World()
    later = body(FIRING, {"startsAt": "2026-11-23T07:17:09.001Z", "annotations": {}})
    assert await receives(world, body(FIRING), later, body(FIRING), later) == [("inc-1",), ("inc-1",), (), ()]
    (_, second) = world.timelines.events["inc-1"]
    assert isinstance(second, AlertsReceived)
    assert second.reason is Reason.UNCHANGED, "only that the end of an earlier firing is not this one's"
    assert await receives(world, body(RESOLVED)) == [("inc-1",)]
    assert (await only_incident(world)).firing == ()


@pytest.mark.parametrize("closed", [False, True], ids=["while it is open", "after it is closed"])
async def test_firing_again_after_resolved_from_a_lagging_peer(closed: bool) -> None:
    world = World()
    await receives(world, body(FIRING), body(RESOLVED))
    if closed:
        await closes(world)
    assert await receives(world, body(FIRING), body(RESOLVED), body(FIRING)) == [(), (), ()]
    assert (await only_incident(world)).firing == ()


@pytest.mark.parametrize(("closed", "incident_id"), [(False, "inc-1"), (True, "inc-2")])
async def test_firing_again_with_a_later_start_is_a_new_firing(closed: bool, incident_id: str) -> None:
    world = World()
    await receives(world, body(FIRING), body(RESOLVED))
    if closed:
        await closes(world)
    later = body(FIRING, {"startsAt": "2026-11-23T07:17:34.855Z"})
    assert await receives(world, later) == [(incident_id,)]
    assert (await world.timelines.load(incident_id)).firing


async def test_resolved_for_an_unknown_alert_opens_nothing_and_is_recorded() -> None:
    world = World()
    assert await receives(world, body(RESOLVED), body(RESOLVED)) == [(), ()]
    assert world.timelines.events == {}
    # The firing that it ends was overtaken by it, as can happen between two workers.
    assert await receives(world, body(FIRING), body(FIRING)) == [("inc-1",), ()]
    incident = await only_incident(world)
    assert incident.firing == ()
    await closes(world)
    assert await receives(world, body(FIRING), body(RESOLVED)) == [(), ()]


async def test_an_early_end_does_not_end_a_later_firing() -> None:
    world = World()
    later = body(FIRING, {"startsAt": "2026-11-23T08:00:00Z"})
    assert await receives(world, body(RESOLVED), later) == [(), ("inc-1",)]
    assert (await only_incident(world)).firing


async def test_resolved_never_comes() -> None:
    world = World(alerting=Alerting())
    await receives(world, body(FIRING))
    for _ in range(7):
        how = reconcile_alerts.ReconcileSettings("demo", resolved_grace_s=300)
        await reconcile_alerts.reconcile_once(world.ports, how)
        world.time.pass_s(60)
    incident = await only_incident(world)
    assert incident.firing == ()
    assert incident.closed is None, "the bot's own look at the cluster is what may close it"
    assert world.kinds() == ["alerts_received", "alerts_received", "noted"]


async def test_a_group_resend_holds_old_and_new_firing_and_resolved() -> None:
    world = World()
    assert await receives(world, body(TWO), body(MIXED), body(TWO)) == [("inc-1",), ("inc-1",), ()]
    states = {a.labels["node"]: a.status for a in (await only_incident(world)).alerts.values()}
    assert states == {"node2": "resolved", "node3": "firing"}, "each alert has a state of its own"


async def test_truncated_alerts_absent_is_not_resolved() -> None:
    world = World(alerting=Alerting())
    whole = json.loads(body(TRUNCATED))
    third = whole["alerts"][0] | {
        "fingerprint": "third",
        "labels": whole["alerts"][0]["labels"] | {"node": "3"},
    }
    await receives(world, body(TRUNCATED, alerts=[*whole["alerts"], third], truncatedAlerts=0))
    assert await receives(world, body(TRUNCATED)) == [()]
    assert len((await only_incident(world)).firing) == 3


async def test_truncated_alerts_are_fetched_from_the_api() -> None:
    whole = json.loads(body(TRUNCATED))
    labels = whole["alerts"][0]["labels"] | {"node": "node9"}
    left_out = Alert.model_validate(
        whole["alerts"][0] | {"labels": labels, "fingerprint": fingerprint_of(labels)}
    )
    world = World(alerting=Alerting(held=[Held(left_out, ours=True, suppressed=False)]))
    await receives(world, body(TRUNCATED))
    assert len((await only_incident(world)).firing) == 2
    await reconcile_alerts.reconcile_once(world.ports, reconcile_alerts.ReconcileSettings("demo"))
    incident = await only_incident(world)
    assert left_out in incident.firing
    assert len(incident.firing) == 3
    assert incident.remarks, "and the thread says that no notification of it came"


async def test_truncated_alerts_without_an_api_to_ask_are_said_in_the_thread() -> None:
    world = World()
    await receives(world, body(TRUNCATED), body(TRUNCATED))
    incident = await only_incident(world)
    (note,) = incident.remarks.values()
    assert note.sentence.endswith("set max_alerts to 0 on its receiver.")
    assert world.kinds() == ["alerts_received", "noted"]


async def test_a_large_group_is_kept_in_as_many_events_as_it_takes() -> None:
    world, one = World(), json.loads(body(FIRING))["alerts"][0]
    nodes = [one["labels"] | {"node": str(number)} for number in range(1_200)]
    long = {"annotations": {"description": "x" * 4_000}}
    alerts = [one | long | {"labels": each, "fingerprint": fingerprint_of(each)} for each in nodes]
    await receives(world, body(FIRING, alerts=alerts))
    first, *more = [event for event in world.timelines.events["inc-1"] if isinstance(event, AlertsReceived)]
    assert all(len(EVENT.dump_json(event)) < 4_000_000 for event in (first, *more))
    assert [event.reason for event in more] == [Reason.ALERTS_ADDED] * 2
    assert [bool(event.handle) for event in (first, *more)] == [True, False, False]
    assert len((await only_incident(world)).firing) == 1_200
    over = {"status": "resolved", "endsAt": "2026-11-23T13:00:00Z"}
    await receives(world, body(FIRING, status="resolved", alerts=[each | over for each in alerts]))
    assert (await only_incident(world)).firing == ()


@pytest.mark.parametrize("texts", ["labels", "annotations"])
@pytest.mark.parametrize("filled", ["x", "\x01", "\U0001f525"], ids=["plain", "control", "emoji"])
async def test_one_alert_of_the_size_of_a_body_is_kept(texts: str, filled: str) -> None:
    world, one = World(), json.loads(body(FIRING))["alerts"][0]
    many = {f"n{number}": filled * 4_000 for number in range(500)}
    await receives(world, body(FIRING, alerts=[one | {texts: {**many, **one[texts]}}]))
    (event,) = [event for event in world.timelines.events["inc-1"] if isinstance(event, AlertsReceived)]
    assert len(EVENT.dump_json(event)) < 2_000_000
    (alert,) = (await only_incident(world)).firing
    assert alert.name == "NoLeader"
    assert alert.annotations["summary"] == one["annotations"]["summary"]


def of_three(**changes: Any) -> bytes:
    """A group of three alerts of one cluster."""
    one = json.loads(body(FIRING))["alerts"][0]
    nodes = [one["labels"] | {"node": str(number)} for number in range(3)]
    alerts = [one | {"labels": each, "fingerprint": fingerprint_of(each)} for each in nodes]
    over = {"status": "resolved", "endsAt": "2026-11-23T13:00:00Z"}
    changed = [each | over if changes.get("status") == "resolved" else each for each in alerts]
    return body(FIRING, **{"alerts": changed, "groupLabels": {"alertname": "NoLeader"}, **changes})


async def test_what_is_left_out_of_a_group_that_is_over_is_over_too() -> None:
    world, whole = World(), json.loads(of_three(status="resolved"))
    await receives(world, of_three())
    await receives(world, of_three(status="resolved", alerts=whole["alerts"][:1], truncatedAlerts=2))
    incident = await only_incident(world)
    assert incident.firing == ()
    assert [alert.presumed for alert in incident.alerts.values()] == [False, True, True]
    assert any(
        each.sentence.startswith("Alertmanager said that a whole") for each in incident.remarks.values()
    )
    await receives(world, of_three())
    assert [alert.labels["node"] for alert in (await only_incident(world)).firing] == ["1", "2"], (
        "Alertmanager's own word goes before it"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"truncatedAlerts": 0},
        {"status": "firing"},
        {"groupLabels": {"alertname": "ElectionStorm"}},
        {"groupLabels": {"alertname": "NoLeader", "node": "0"}},
        {"groupLabels": {"alertname": "NoLeader", "long": "d" * 300}},
        {"groupLabels": None},
    ],
    ids=["told whole", "fires", "another alert's", "another group's", "unreadable", "unsaid"],
)
async def test_nothing_else_is_presumed_over(changes: dict[str, Any]) -> None:
    world, whole = World(), json.loads(of_three(status="resolved"))
    await receives(world, of_three())
    cut = {"status": "resolved", "alerts": whole["alerts"][:1], "truncatedAlerts": 2}
    await receives(world, body(FIRING, **{"groupLabels": {"alertname": "NoLeader"}, **cut, **changes}))
    assert len((await only_incident(world)).firing) == 2


async def test_where_alertmanager_can_be_asked_it_is() -> None:
    world, whole = World(alerting=Alerting()), json.loads(of_three(status="resolved"))
    await receives(world, of_three())
    await receives(world, of_three(status="resolved", alerts=whole["alerts"][:1], truncatedAlerts=2))
    assert len((await only_incident(world)).firing) == 2


async def test_what_fires_since_the_group_was_over_is_not() -> None:
    world, whole = World(), json.loads(of_three(status="resolved"))
    anew = [each | {"status": "firing", "startsAt": "2026-11-23T13:00:01Z"} for each in whole["alerts"][1:]]
    await receives(world, of_three(alerts=[whole["alerts"][0] | {"status": "firing"}, *anew]))
    await receives(world, of_three(status="resolved", alerts=whole["alerts"][:1], truncatedAlerts=2))
    assert len((await only_incident(world)).firing) == 2


async def test_ends_at_year_one_while_firing_is_no_time() -> None:
    world = World()
    await receives(world, body(FIRING))
    (alert,) = (await only_incident(world)).firing
    assert alert.ends_at.year == 1


async def test_a_group_key_that_changes_on_a_route_reload_is_the_same_incident() -> None:
    world = World()
    regrouped = body(
        FIRING, groupKey='{}/{severity="critical"}:{cluster="demo"}', groupLabels={"cluster": "demo"}
    )
    resolved = body(RESOLVED, groupKey="{}:{}", groupLabels={})
    assert await receives(world, body(FIRING), regrouped, resolved) == [("inc-1",), (), ("inc-1",)]
    assert (await only_incident(world)).firing == ()


async def test_several_receivers_extra_and_missing_fields() -> None:
    world = World()
    bare = json.loads(body(FIRING))
    for field in (
        "receiver",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
        "truncatedAlerts",
    ):
        del bare[field]
    for field in ("annotations", "generatorURL"):
        del bare["alerts"][0][field]
    newer = body(FIRING, {"notificationReason": "x"}, notification_reason="first", routeLabels={"a": "b"})
    assert await receives(world, json.dumps(bare).encode(), newer, body(FIRING)) == [("inc-1",), (), ()]


@pytest.mark.parametrize(
    "hostile",
    [
        {"labels": ["NodeUnreachable"]},
        {"labels": None, "fingerprint": None},
        {"labels": {}, "status": "<!here>"},
    ],
    ids=["a list of labels", "no labels", "another status, and no name"],
)
async def test_an_unparseable_or_hostile_alert_in_a_good_group(hostile: dict[str, Any]) -> None:
    world = World()
    poisoned = body(TWO, hostile)
    assert await receives(world, poisoned, poisoned) == [("inc-1",), ()]
    incident = await only_incident(world)
    assert [alert.labels["node"] for alert in incident.firing] == ["node3"], "the good one is taken"
    (note,) = incident.remarks.values()
    assert note.sentence.startswith("One alert of a notification could not be read and was put aside (")
    assert world.kinds() == ["alerts_received", "noted"], "said once, however often the group is sent"


async def test_a_group_in_which_no_alert_can_be_read_is_shown_as_an_incident_of_its_own() -> None:
    world = World(alerting=Alerting())
    group = json.loads(body(TWO))
    group["alerts"] = [
        alert | {"labels": "NodeUnreachable", "x": n} for n, alert in enumerate(group["alerts"])
    ]
    poisoned = json.dumps(group).encode()
    assert await receives(world, poisoned, poisoned) == [("inc-1",), ()]
    incident = await only_incident(world)
    assert incident.identity == IncidentIdentity("demo", "alert:NodeUnreachable"), "as its group is named"
    (shown,) = incident.firing
    assert shown.annotations["summary"] == (
        "Alertmanager sent a notification in which no alert can be read. Its group: "
        + ", ".join(f"{name}={value}" for name, value in group["groupLabels"].items())
        + "."
    )
    assert len(incident.remarks) == 2, "and each of them with what is wrong about it"
    for _ in range(7):
        how = reconcile_alerts.ReconcileSettings("demo", resolved_grace_s=300)
        await reconcile_alerts.reconcile_once(world.ports, how)
        world.time.pass_s(60)
    assert (await only_incident(world)).firing == (), "Alertmanager holds no such alert: it is over by itself"


@pytest.mark.parametrize("labels", [None, [], {"cluster": 7, "x" * 300: "y", "z": "w" * 300}, "demo"])
async def test_whatever_its_group_is_labelled(labels: object) -> None:
    world = World()
    poisoned = body(FIRING, {"labels": "NoLeader"}, groupLabels=labels)
    assert await receives(world, poisoned) == [("inc-1",)]
    (shown,) = (await only_incident(world)).firing
    assert shown.labels == {"alertname": UNREADABLE}


async def test_an_alert_whose_state_cannot_be_read_fires_under_its_own_name_until_its_own_resolved() -> None:
    world = World()
    poisoned = body(FIRING, {"status": "<!here>"})
    assert await receives(world, poisoned, poisoned) == [("inc-1",), ()]
    incident = await only_incident(world)
    assert incident.identity == IncidentIdentity("demo", "leader-election")
    (shown,) = incident.firing
    assert (shown.name, shown.stand_in) == ("NoLeader", True)
    assert "in a form that cannot be read (status is none of " in shown.annotations["summary"]
    await receives(world, body(RESOLVED))
    assert (await only_incident(world)).firing == ()


async def test_a_group_that_could_not_be_read_ends_when_the_group_resolves() -> None:
    world = World()
    await receives(world, body(FIRING, {"labels": "NoLeader"}), body(RESOLVED, {"labels": "NoLeader"}))
    assert len((await only_incident(world)).firing) == 1, "an end that cannot be read is none"
    await receives(world, body(RESOLVED))
    assert (await only_incident(world)).firing == ()


async def test_while_the_listing_has_alerts_that_cannot_be_read_nothing_is_presumed_over() -> None:
    world = World(alerting=Alerting(unreadable=1))
    await receives(world, body(FIRING))
    how = reconcile_alerts.ReconcileSettings("demo", resolved_grace_s=300)
    for _ in range(20):
        await reconcile_alerts.reconcile_once(world.ports, how)
        world.time.pass_s(60)
    assert len((await only_incident(world)).firing) == 1
    assert world.alerting
    world.alerting.unreadable = 0
    for _ in range(7):
        await reconcile_alerts.reconcile_once(world.ports, how)
        world.time.pass_s(60)
    assert (await only_incident(world)).firing == (), "and the grace counts from when all can be read"


FROM_OUTSIDE = sorted(RECORDED.glob("[0-9]*.json"))


@pytest.mark.parametrize("file", FROM_OUTSIDE, ids=lambda file: file.stem)
async def test_what_decides_nothing_may_be_odd_and_its_own_resolved_ends_it(file: Path) -> None:
    world = World()
    document = json.loads(file.read_bytes())
    name = document["alerts"][0]["labels"]["alertname"] or "unnamed"
    await receives(world, file.read_bytes(), file.read_bytes())
    incident = await only_incident(world)
    assert [(each.name, each.stand_in) for each in incident.firing] == [(name, False)]
    assert incident.remarks == {}
    document["status"] = document["alerts"][0]["status"] = "resolved"
    document["alerts"][0]["endsAt"] = "2026-03-02T04:00:00Z"
    await receives(world, json.dumps(document).encode())
    assert (await only_incident(world)).firing == ()


@pytest.mark.parametrize("file", FROM_OUTSIDE, ids=lambda file: file.stem)
async def test_none_of_them_breaks_a_later_reconciliation(file: Path) -> None:
    world = World(alerting=Alerting(), cluster=Cluster(clusters=("quartz",)))
    await receives(world, file.read_bytes())
    assert world.alerting
    labels = (await only_incident(world)).firing[0].labels
    world.alerting.recorded = [Fired(labels, NOON, NOON + timedelta(minutes=20))]
    looked = await reconcile_alerts.reconcile_once(
        world.ports, reconcile_alerts.ReconcileSettings("quartz", just_started=True)
    )
    assert looked.failed == ()


async def test_a_huge_annotation_takes_nothing_else_from_a_no_leader() -> None:
    world = World(cluster=Cluster(clusters=("quartz",)))
    await receives(world, next(each for each in FROM_OUTSIDE if "huge" in each.stem).read_bytes())
    incident = await only_incident(world)
    assert incident.identity == IncidentIdentity("quartz", "leader-election")
    (shown,) = incident.firing
    assert shown.annotations["description"].endswith("…")
    assert shown.fingerprint == "c9f7d88651376a59"


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
@pytest.mark.parametrize("status", ["firing", "resolved"])
async def test_a_time_that_cannot_be_breaks_no_later_reconciliation(at: str, status: str) -> None:
    world = World(alerting=Alerting())
    await receives(world, body(FIRING))
    await receives(world, body(FIRING, {"status": status, "startsAt": at, "endsAt": at}))
    ports, how = world.ports, reconcile_alerts.ReconcileSettings("demo", just_started=True)
    await reconcile_alerts.reconcile_once(ports, how)
    world.time.pass_s(3600)
    assert world.alerting
    labels = json.loads(body(FIRING))["alerts"][0]["labels"]
    ended = NOON + timedelta(minutes=20)
    world.alerting.recorded = [
        Fired(labels, NOON, ended),
        Fired({"alertname": "ElectionStorm", "cluster": "demo"}, NOON, ended),
    ]
    looked = await reconcile_alerts.reconcile_once(ports, how)
    assert (looked.changed, looked.failed) == (("inc-1",), ())


async def test_an_end_in_a_far_future_does_not_make_later_firings_old_news() -> None:
    world = World()
    later = body(FIRING, {"startsAt": "2026-11-24T11:00:00Z"})
    far = body(RESOLVED, {"endsAt": "2099-01-01T00:00:00Z"})
    await receives(world, body(FIRING), far)
    assert (await only_incident(world)).firing == ()
    await receives(world, later)
    assert (await only_incident(world)).firing


async def test_an_incident_that_cannot_be_put_right_holds_up_no_other() -> None:
    world = World(alerting=Alerting())
    await receives(world, body(FIRING), body(TWO))
    append = world.timelines.append

    async def fails_for_the_first(incident: Incident, *events: Event) -> Incident:
        if incident.id == "inc-1":
            raise OverflowError("date value out of range")
        return await append(incident, *events)

    world.timelines.append = fails_for_the_first  # type: ignore[method-assign]
    failed: list[Exception] = []
    for _ in range(6):
        looked = await reconcile_alerts.reconcile_once(
            world.ports, reconcile_alerts.ReconcileSettings("demo")
        )
        failed += looked.failed
        world.time.pass_s(60)
    assert [type(each) for each in failed] == [OverflowError]
    assert (await world.timelines.load("inc-2")).firing == ()


async def test_a_custom_payload_is_no_notification_and_a_400_not_an_incident() -> None:
    for custom in (b'{"text": "NoLeader fires"}', b'{"version": "4", "alerts": "NoLeader"}'):
        with pytest.raises(ValidationError):
            read_notification(custom)


async def test_whatever_the_order_and_the_repeats_the_end_is_the_same() -> None:
    one = [body(FIRING), body(FIRING), body(RESOLVED), body(RESOLVED)]
    for order in itertools.permutations(one):
        world = World()
        await receives(world, *order)
        incident = await only_incident(world)
        assert incident.firing == ()
        assert len(incident.firings) == 1


async def test_two_firings_in_the_same_breath_are_told_apart_by_their_starts() -> None:
    world = World()
    await receives(world, body(FIRING), body(RESOLVED))
    ended = (await only_incident(world)).alerts["8b32e6a0e0610499"].ends_at
    again = body(FIRING, {"startsAt": (ended + timedelta(milliseconds=1)).isoformat()})
    assert await receives(world, again, body(RESOLVED)) == [("inc-1",), ()], (
        "the old end is not the new one's"
    )
    assert (await only_incident(world)).firing
