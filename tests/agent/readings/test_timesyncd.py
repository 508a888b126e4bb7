"""What timesyncd printed on real systems, and what is left open of a clock that it corrects."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from agent.errors import ReadingError
from agent.protocol import Clock
from agent.readings.timesyncd import parse_span, parse_timesync
from tests.agent.recorded import recorded

STATUS, SHOWN = "timedatectl timesync-status", "timedatectl show-timesync --all"
ANSWERED_S = 1_796_049_363.0
"""2026-11-30 14:36:03 UTC, when the last answer came in the record of Debian 12."""


def read(case: str, *, record: str = "ntp/debian-12.txt", now_s: float = ANSWERED_S + 11) -> Clock:
    said = recorded(record, case)
    return parse_timesync(said[STATUS].text, said[SHOWN].text, now_s)


def test_a_synchronised_clock_is_somewhere_between_its_last_offset_and_right():
    clock = read("timesyncd, synchronised")
    assert (clock.synchronised, clock.source, clock.kept_by) == (True, "10.0.2.2", "timesyncd")
    low, high = clock.offset_ms - clock.error_ms, clock.offset_ms + clock.error_ms
    assert clock.offset_ms == pytest.approx(9.316 / 2), "an offset of -9.3 ms: the clock was ahead"
    delay_ms, drift_ms = 3.008, 0.015 * 11
    assert (low, high) == pytest.approx((-delay_ms / 2 - drift_ms, 9.316 + delay_ms / 2 + drift_ms))
    assert clock.doubts is UNSET


@pytest.mark.parametrize(
    ("age_s", "doubts"), [(-30, ("set_back",)), (0, UNSET), (500, UNSET), (600, ("stale",))]
)
def test_the_age_of_its_last_answer_is_asked(age_s: float, doubts: object):
    assert read("timesyncd, synchronised", now_s=ANSWERED_S + age_s).doubts == doubts


@pytest.mark.parametrize(
    "case",
    [
        "timesyncd, just started",
        "timesyncd, a server that does not answer",
        "timesyncd, a server without an address",
    ],
)
def test_before_an_answer_it_follows_nothing(case: str):
    clock = read(case)
    assert (clock.synchronised, clock.source) == (False, "")


@pytest.mark.parametrize("case", ["timesyncd, stopped and disabled", "timesyncd, not installed"])
def test_what_is_no_status_is_refused(case: str):
    with pytest.raises(ReadingError, match="no timesync status"):
        read(case)


def test_a_step_moves_the_time_of_the_answer_that_led_to_it():
    """5 s behind: what it stepped since was by the clock before, so the answer seems 5 s older."""
    status = recorded("ntp/debian-12.txt", "timesyncd, synchronised")[STATUS].text
    said = status.replace("-9.316ms", "+5.004512s")
    shown = recorded("ntp/debian-12.txt", "timesyncd, synchronised")[SHOWN].text
    clock = parse_timesync(said, shown, ANSWERED_S + 6)
    assert clock.offset_ms == pytest.approx(-2502.256) and clock.doubts is UNSET
    assert clock.offset_ms + clock.error_ms > 0 > clock.offset_ms - clock.error_ms


@pytest.mark.parametrize(
    ("text", "span_s"),
    [
        ("0", 0),
        ("0 (max: 5s)", 0),
        ("+1.5ms", 0.0015),
        ("-9.316ms", -0.009316),
        ("1min 4s", 64),
        ("-2h 5min 1.5s", -7501.5),
        ("26us", 26e-6),
    ],
)
def test_spans_are_systemds(text: str, span_s: float):
    assert parse_span(text) == pytest.approx(span_s)


@pytest.mark.parametrize("text", ["", "n/a", "5parsecs", "1.2.3s", "1e9s", "infinity"])
def test_what_is_no_span_is_refused(text: str):
    with pytest.raises(ReadingError):
        parse_span(text)
