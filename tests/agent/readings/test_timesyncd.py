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


@pytest.mark.parametrize("record", ["ntp/debian-12.txt", "ntp/debian-13.txt"])
@pytest.mark.parametrize(
    "case", ["timesyncd, a server that does not answer", "timesyncd, a server without an address"]
)
def test_before_an_answer_it_follows_nothing(record: str, case: str):
    clock = read(case, record=record)
    assert (clock.synchronised, clock.source) == (False, "")


@pytest.mark.parametrize("record", ["ntp/debian-12.txt", "ntp/debian-13.txt"])
@pytest.mark.parametrize("case", ["timesyncd, stopped and disabled", "timesyncd, not installed"])
def test_what_is_no_status_is_refused(record: str, case: str):
    with pytest.raises(ReadingError, match="no timesync status"):
        read(case, record=record)


@pytest.mark.parametrize(
    ("case", "answered_s", "offset_ms"),
    [
        ("timesyncd, just after the clock was set by +5 s", 1_796_050_285, 4989.153),
        ("timesyncd, stepped the clock at its start", 1_796_050_338, 4975.898),
    ],
)
def test_a_clock_that_it_has_stepped_since_may_be_right(case: str, answered_s: float, offset_ms: float):
    """It goes on saying 5 s, while the machine's other clock shows that it is right again."""
    clock = read(case, record="ntp/debian-13.txt", now_s=answered_s - 5 + 1)
    assert clock.offset_ms == pytest.approx(offset_ms / 2)
    assert clock.offset_ms - clock.error_ms <= 0 and clock.offset_ms + clock.error_ms >= offset_ms
    assert clock.doubts is UNSET, "that its last answer lies 4 s ahead is its own step"


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
