"""What samples say of each node over time; and what they do not say stays a gap."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.pictures.elections.series import ElectionSeries, Sample, Started, Stretch
from runbooks.evidence import Role
from tests.bot.pictures.elections.storms import START, calm, storm
from tests.builders import NOON


def at(second: float):
    """A moment."""
    return NOON + timedelta(seconds=second)


def series(*samples: Sample, every_s: float = 10) -> ElectionSeries:
    """One of these samples."""
    return ElectionSeries("demo", samples, (), every_s)


def test_a_role_holds_from_the_sample_that_shows_it_to_the_one_that_shows_another():
    (story,) = series(
        Sample(at(0), "node1", Role.FOLLOWER, 7),
        Sample(at(10), "node1", Role.FOLLOWER, 7),
        Sample(at(20), "node1", Role.LEADER, 8),
        Sample(at(30), "node1", Role.LEADER, 8),
    ).stories

    assert story.stretches == (
        Stretch(Role.FOLLOWER, at(0), at(20)),
        Stretch(Role.LEADER, at(20), at(30)),
    )


def test_samples_may_come_in_any_order():
    samples = storm().samples

    assert ElectionSeries("demo", samples[::-1], (), 5).elections == storm().elections


def test_nothing_is_held_over_a_gap():
    (story,) = series(
        Sample(at(0), "node1", Role.LEADER, 7),
        Sample(at(10), "node1", Role.LEADER, 7),
        Sample(at(90), "node1", Role.LEADER, 7),
    ).stories

    assert story.stretches == (
        Stretch(Role.LEADER, at(0), at(10)),
        Stretch(Role.LEADER, at(90), at(90)),
    )
    assert story.gaps == ((at(10), at(90)),)


def test_one_late_sample_is_no_gap():
    (story,) = series(Sample(at(0), "node1", Role.LEADER, 7), Sample(at(22), "node1", Role.LEADER, 7)).stories

    assert story.gaps == ()


def test_a_sample_that_says_neither_role_nor_term_is_none():
    (story,) = series(
        Sample(at(0), "node1", Role.LEADER, 7),
        *(Sample(at(second), "node1") for second in range(10, 100, 10)),
    ).stories

    assert story.stretches == (Stretch(Role.LEADER, at(0), at(0)),)


def test_an_unread_role_ends_the_stretch_where_it_was_last_seen():
    (story,) = series(
        Sample(at(0), "node1", Role.LEADER, 7),
        Sample(at(10), "node1", Role.LEADER, 7),
        Sample(at(20), "node1", None, 7),
        Sample(at(30), "node1", Role.FOLLOWER, 8),
    ).stories

    assert story.stretches == (
        Stretch(Role.LEADER, at(0), at(10)),
        Stretch(Role.FOLLOWER, at(30), at(30)),
    )


def test_a_counter_keeps_what_it_counted_over_a_gap_and_starts_anew_after_a_restart():
    counts = ((0, 3), (10, 5), (90, 9), (100, 2))
    (story,) = series(*(Sample(at(second), "node1", None, 7, count) for second, count in counts)).stories

    assert story.elections == (
        Started(at(0), at(10), 2, unseen=False),
        Started(at(10), at(90), 4, unseen=True),
        Started(at(90), at(100), 2, unseen=False),
    )
    assert story.counted == 8


def test_a_counter_that_was_not_read_twice_counted_nothing_known():
    once = series(Sample(at(0), "node1", Role.LEADER, 7, 3), Sample(at(10), "node1", Role.LEADER, 7))

    assert once.stories[0].counted is None
    assert once.elections is None


def test_who_leads_is_who_said_so_when_last_asked_at_the_end():
    assert calm().leaders == ("node1",)
    assert storm().leaders == ("node2",)
    assert storm(unread={"node2": (500, 700)}).leaders == ()


def test_the_span_holds_every_sample_and_every_mark():
    assert storm().span == (START, START + timedelta(seconds=600))
    assert storm().terms is not None
    assert series(Sample(at(0), "node1")).span == (at(0), at(1))


def test_a_series_without_samples_or_interval_is_refused_with_the_mend():
    with pytest.raises(ValueError, match="give at least one sample"):
        ElectionSeries("demo", ())
    with pytest.raises(ValueError, match="give the seconds between two samples"):
        series(Sample(at(0), "node1"), every_s=0)
