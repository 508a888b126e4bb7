"""What ntpq printed on real systems; a peer's offset that ntpd holds for a spike counts."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from agent.errors import ReadingError
from agent.readings.ntpd import parse_ntpq
from tests.agent.recorded import recorded

NTPQ = "ntpq -c rv -pn"
DEBIAN_12 = "ntp/debian-12.txt"


@pytest.mark.parametrize(
    "case",
    [
        "ntpsec without a drift file, in alarm for its first minutes",
        "ntpsec, polls after the clock was set by +5 s",
        "ntpsec, a server that does not answer",
    ],
)
def test_without_a_peer_that_it_follows_it_follows_nothing(case: str):
    """After a jump `leap` and `offset` are still those of before, for minutes."""
    assert not parse_ntpq(recorded(DEBIAN_12, case)[NTPQ].text).synchronised
    if case != "ntpsec without a drift file, in alarm for its first minutes":
        assert not parse_ntpq(recorded("ntp/debian-13.txt", case)[NTPQ].text).synchronised


def test_a_stopped_daemon_gives_no_reading():
    with pytest.raises(ReadingError, match="probably ntpd is not running"):
        parse_ntpq(recorded(DEBIAN_12, "ntpsec, stopped")[NTPQ].text)


CALM = recorded(DEBIAN_12, "ntpsec, synchronised")[NTPQ].text


def test_its_offset_is_true_time_less_this_clocks_and_its_bound_the_root_distance():
    clock = parse_ntpq(CALM)
    assert (clock.kept_by, clock.source, clock.synchronised) == ("ntpd", "10.0.2.2", True)
    assert clock.offset_ms == pytest.approx(-71.8176)
    assert clock.error_ms == pytest.approx(72.037 + 15.896 / 2)
    assert clock.doubts is UNSET


def test_a_newer_one_tells_its_root_distance_itself():
    clock = parse_ntpq(recorded("ntp/debian-13.txt", "ntpsec, synchronised")[NTPQ].text)
    assert clock.synchronised
    assert clock.offset_ms == pytest.approx(-1.5066) and clock.error_ms == pytest.approx(15.715)


def test_just_started_it_knows_little():
    clock = parse_ntpq(recorded(DEBIAN_12, "ntpsec, just started")[NTPQ].text)
    assert clock.synchronised and clock.error_ms > 1000


def test_the_classic_one_prints_the_same_in_other_columns():
    said = recorded("ntp/classic.txt", "ntp, synchronised")[NTPQ].text
    clock = parse_ntpq(said)
    assert (clock.source, clock.synchronised) == ("10.7.0.1", True)
    assert clock.offset_ms == pytest.approx(-0.010) and clock.error_ms == pytest.approx(937.894 + 0.041 / 2)
    with pytest.raises(ReadingError, match="Connection refused"):
        parse_ntpq(recorded("ntp/classic.txt", "ntp, stopped")[NTPQ].text)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("stratum=9", "stratum=16"),
        ("leap=00", "leap=11"),
        ("*10.0.2.2", " 10.0.2.2"),
        ("refid=10.0.2.2", "refid=127.127.1.0"),
        ("refid=10.0.2.2", "refid=LOCAL(0)"),
    ],
)
def test_a_reference_of_its_own_or_no_peer_is_no_source(was: str, becomes: str):
    assert parse_ntpq(CALM).synchronised
    assert not parse_ntpq(CALM.replace(was, becomes)).synchronised


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("rootdisp=72.037", "rootdisp=nan"),
        ("  71.8176", "  x"),
        ("reftime=eeb80d38", "reftime=noon"),
        ("stratum=9", ""),
    ],
)
def test_what_is_none_of_its_figures_is_refused(was: str, becomes: str):
    with pytest.raises(ReadingError):
        parse_ntpq(CALM.replace(was, becomes))


@pytest.mark.parametrize(("poll", "seconds"), [("64", 64), ("2048", 2048), ("68m", 4080), ("36h", 129_600)])
def test_a_long_poll_is_read_in_its_unit(poll: str, seconds: int):
    """ntpq prints an interval above 2048 s in minutes, above 300 minutes in hours, and so on."""
    (row,) = [line for line in CALM.split("\n") if line.startswith("*")]
    assert " 16 " in row
    printed = CALM.replace(row, row.replace(" 16 ", f" {poll} "))
    polls_ago = {"eight": 0xEEB80D39 - 8 * seconds + 2, "more": 0xEEB80D39 - 8 * seconds - 2}
    said = {
        when: parse_ntpq(printed.replace("reftime=eeb80d38", f"reftime={updated:08x}")).doubts
        for when, updated in polls_ago.items()
    }
    assert said == {"eight": UNSET, "more": ("stale",)}


def test_the_age_of_its_last_update_is_asked():
    assert parse_ntpq(CALM.replace("reftime=eeb80d38", "reftime=eeb80a0a")).doubts == ("stale",)
