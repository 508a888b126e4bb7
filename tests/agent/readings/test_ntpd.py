"""What ntpq printed on real systems; a peer's offset that ntpd holds for a spike counts."""

from __future__ import annotations

import pytest

from agent.errors import ReadingError
from agent.readings.ntpd import parse_ntpq
from tests.agent.recorded import recorded

NTPQ = "ntpq -c rv -pn"
DEBIAN_12 = "ntp/debian-12.txt"


@pytest.mark.parametrize(
    "case",
    [
        "ntpsec, just started",
        "ntpsec, one peer and still in alarm",
        "ntpsec, after the clock was set by +5 s",
        "ntpsec, a server that does not answer",
    ],
)
def test_while_it_sounds_the_alarm_it_follows_nothing(case: str):
    assert not parse_ntpq(recorded(DEBIAN_12, case)[NTPQ].text).synchronised


def test_a_stopped_daemon_gives_no_reading():
    with pytest.raises(ReadingError, match="probably ntpd is not running"):
        parse_ntpq(recorded(DEBIAN_12, "ntpsec, stopped")[NTPQ].text)


CALM = recorded(DEBIAN_12, "ntpsec, one peer and still in alarm")[NTPQ].text.replace("leap=11", "leap=00")


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("stratum=9", "stratum=16"),
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
        ("rootdisp=64.372", "rootdisp=nan"),
        ("1.5582", "x"),
        ("reftime=eeb80aa8", "reftime=noon"),
        ("stratum=9", ""),
    ],
)
def test_what_is_none_of_its_figures_is_refused(was: str, becomes: str):
    with pytest.raises(ReadingError):
        parse_ntpq(CALM.replace(was, becomes))


def test_the_age_of_its_last_update_is_asked():
    assert parse_ntpq(CALM.replace("reftime=eeb80aa8", "reftime=eeb8077a")).doubts == ("stale",)
