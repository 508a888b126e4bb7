"""Where a node's figures go: in the long run, of late, or nowhere, and what is not known yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import structs

from runbooks.evidence import History, Service
from runbooks.posture.history import going, with_history
from runbooks.posture.samples import Sample, sample_of
from runbooks.posture.trends import DAY, RECENTLY, SPAN, Point
from tests.builders import NOON, evidence, healthy, known, node, silent

GIB = 2**30


def points(of_hour: Callable[[float], float], days: float = 3.0) -> list[Point]:
    """A figure every half hour up to noon, by the hours left."""
    return [
        (NOON - timedelta(hours=left / 2), of_hour(left / 2) * GIB) for left in range(int(48 * days), -1, -1)
    ]


def saw(left_h: float) -> float:
    """A figure that comes and goes by a GiB within 20 hours."""
    return 8 - (-left_h % 20) / 20


def test_what_falls_for_days_is_told_over_days() -> None:
    span, trend = going(points(lambda left: 5 + left / 24), downwards=True)
    assert span == SPAN
    assert trend and trend.falls
    assert trend.per_day == pytest.approx(-GIB)


def test_what_began_to_fall_hours_ago_is_told_by_these_hours() -> None:
    span, trend = going(points(lambda left: 5 + 3 * min(left, 5)), downwards=True)
    assert span == RECENTLY
    assert trend and trend.per_day == pytest.approx(-3 * 24 * GIB, rel=0.2)


NOT_KNOWN_YET: dict[str, Callable[[float], float]] = {
    "a file that came an hour ago": lambda left: 5 + 30 * (left > 1),
    "a fall that began in the last hour": lambda left: 5 + 9 * min(left, 0.5),
}


@pytest.mark.parametrize("what", NOT_KNOWN_YET)
def test_what_is_too_new_is_not_known(what: str) -> None:
    assert going(points(NOT_KNOWN_YET[what]), downwards=True)[1] is None


NO_FALL: dict[str, Callable[[float], float]] = {
    "nothing happens": lambda _: 7.0,
    "a file came a day ago": lambda left: 5 + 30 * (left > 24),
    "a backup lies there as it did the days before": lambda left: 6 + 4 * (left % 24 > 2),
}


@pytest.mark.parametrize("what", NO_FALL)
def test_what_came_at_once_or_comes_each_day_is_no_fall(what: str) -> None:
    trend = going(points(NO_FALL[what]), downwards=True)[1]
    assert trend is not None
    assert not trend.falls


def test_a_log_that_is_rotated_is_never_told_as_a_disk_that_fills() -> None:
    trend = going(points(saw), downwards=True)[1]
    assert trend is None or not trend.falls


def test_a_cache_that_has_filled_grows_no_more() -> None:
    trend = going(points(lambda left: 9 - 5 * 0.5 ** ((24 - left) / 2), days=1), downwards=False)[1]
    assert trend is None or not trend.rises


def test_that_nothing_falls_takes_half_a_day_to_know() -> None:
    assert going(points(lambda _: 7.0, days=0.3), downwards=True)[1] is None


def leaking(quarters_left: int) -> Sample:
    """A sample in which node2 takes more memory the later it is, and was started anew a day ago."""
    calm, hours = sample_of(evidence()), quarters_left / 4
    taken = int((9 - hours / 8) * GIB) if hours < 24 else 9 * GIB
    figures = {
        "memory_bytes": taken,
        "cpu_seconds": 9e6 - hours * 1800,
        "commit_index": int(9e6 - hours * 7200),
    }
    nodes = {**calm.nodes, "node2": structs.replace(calm.nodes["node2"], **figures)}
    return structs.replace(calm, at=NOON - timedelta(hours=hours), nodes=nodes)


def history_of_node2(running_s: float | None) -> History:
    service = known(Service(state="active", pid=1, boot_id="b", running_s=running_s))
    first, second, third = healthy()
    page = second.metrics_again.value
    assert page
    known_page = known(page.model_copy(update={"memory_bytes": 9 * GIB}))
    read = evidence(first, node("node2", service=service, metrics_again=known_page), third)
    judged = with_history(read, [leaking(quarters) for quarters in range(288)])
    history = judged.node("node2").history
    assert history and history.value
    return history.value


def test_memory_is_followed_since_the_process_was_started() -> None:
    since = history_of_node2(DAY.total_seconds()).memory_bytes
    assert since and since.per_day == pytest.approx(3 * GIB, rel=0.05)
    assert history_of_node2(None).memory_bytes is None


def test_what_is_usual_is_a_median_over_days() -> None:
    found = history_of_node2(None)
    assert found.usual_cores == pytest.approx(0.5)
    assert found.usual_commits_per_s == pytest.approx(2.0)


def counted_at(ages_min: dict[float, int]) -> float | None:
    """What was lately of deadlocks, where a sample so many minutes ago had counted so many."""
    calm = sample_of(evidence())
    first, second, third = healthy()
    page = second.metrics_again.value
    assert page
    now = known(page.model_copy(update={"deadlocks_total": 1000}))
    samples = [
        structs.replace(
            calm,
            at=NOON - timedelta(minutes=age),
            nodes={**calm.nodes, "node2": structs.replace(calm.nodes["node2"], deadlocks=count)},
        )
        for age, count in ages_min.items()
    ]
    history = (
        with_history(evidence(first, node("node2", metrics_again=now), third), samples).node("node2").history
    )
    assert history and history.value
    return history.value.lately_deadlocks_per_s


@pytest.mark.parametrize(
    ("ages_min", "lately"),
    [
        ({20: 0, 10: 400, 2: 900}, 1.0),
        ({2: 900}, None),
        ({90: 0}, None),
        ({10: 2000}, None),
    ],
    ids=["the newest of five minutes or more", "too new", "too old", "begun anew"],
)
def test_what_was_lately_is_since_a_sample_of_minutes_ago(
    ages_min: dict[float, int], lately: float | None
) -> None:
    assert counted_at(ages_min) == lately


def test_a_figure_that_is_not_read_any_more_goes_nowhere() -> None:
    samples = [leaking(quarters) for quarters in range(40, 328)]
    history = (
        with_history(evidence(healthy()[0], silent("node2"), healthy()[2]), samples).node("node2").history
    )
    assert history and history.value
    assert (history.value.free_bytes, history.value.memory_bytes) == (None, None)
    assert history.value.lately_deadlocks_per_s is None


def test_of_a_cluster_that_nobody_watched_nothing_is_known() -> None:
    judged = with_history(evidence(), [])
    assert all(each.history and each.history.value == History() for each in judged.nodes)
