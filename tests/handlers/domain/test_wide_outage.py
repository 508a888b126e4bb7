"""What counts as one outage of many clusters: how many, how close together, and what they have in common."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.domain.events.lifecycle import Closed
from handlers.domain.events.wide_outage import OutageMember
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.wide_outage.members import OutageRule, as_now, beginning, common_labels, grown
from tests.builders import NOON, alert, opened

RULE = OutageRule(clusters=3, within=timedelta(minutes=5))


def one(cluster: str, minute: float, *, number: int = 1, labels: dict[str, str] | None = None) -> Incident:
    """An incident of a cluster that was opened at this minute."""
    firing = alert(cluster=cluster)
    firing = firing.model_copy(update={"labels": {**firing.labels, **(labels or {})}})
    first = opened(firing).model_copy(update={"cluster": cluster, "at": NOON + timedelta(minutes=minute)})
    return fold(f"inc-{cluster}-{number}", [first])


def over(incident: Incident) -> Incident:
    return fold(incident.id, [opened(), Closed(at=NOON, detail="over")])


def ids(members: tuple[OutageMember, ...]) -> list[str]:
    return [each.incident for each in members]


@pytest.mark.parametrize(
    ("minutes", "is_one"),
    [((0, 1, 2), True), ((0, 2, 5), True), ((0, 2, 5.1), False), ((0, 9, 10, 11), True), ((0, 1), False)],
)
def test_enough_clusters_close_enough_together_are_one(minutes: tuple[float, ...], is_one: bool) -> None:
    incidents = [one(f"c{number}", minute) for number, minute in enumerate(minutes)]
    assert bool(beginning(reversed(incidents), RULE)) is is_one


def test_one_that_began_long_before_is_none_of_it() -> None:
    incidents = [one("old", 0), *(one(f"c{number}", 20 + number) for number in range(3))]
    assert ids(beginning(incidents, RULE)) == ["inc-c0-1", "inc-c1-1", "inc-c2-1"]


def test_many_incidents_of_few_clusters_are_not() -> None:
    incidents = [one(cluster, number, number=number) for cluster in ("a", "b") for number in range(3)]
    assert beginning(incidents, RULE) == ()


def test_a_closed_one_counts_no_more() -> None:
    assert beginning([one("a", 0), one("b", 0), over(one("c", 0))], RULE) == ()


def test_it_grows_as_long_as_they_come_close_behind_each_other() -> None:
    members = beginning([one("a", 0), one("b", 0), one("c", 1)], RULE)
    later = [one("before", -1), one("d", 6), one("e", 10), one("f", 16)]
    assert ids(grown(members, later, RULE))[3:] == ["inc-d-1", "inc-e-1"]


def test_what_cannot_be_read_stays_as_it_was() -> None:
    incidents = [one("a", 0), one("b", 0), one("c", 1)]
    members = beginning(incidents, RULE)
    now = as_now(
        members, {incidents[0].id: over(incidents[0]), incidents[1].id: Incident(id=incidents[1].id)}
    )
    assert [each.is_open for each in now] == [False, False, True], "closed, trimmed, not read"


def test_only_what_every_alert_carries_is_common() -> None:
    where = {"zone": "eu-1", "switch": "sw-12"}
    incidents = [one("a", 0, labels={**where, "rack": "1"}), one("b", 0, labels={**where, "rack": "2"})]
    assert common_labels(incidents) == where
    assert common_labels([*incidents, one("c", 0)]) == {}
    assert common_labels([]) == {}
