"""chrony's sign and bound, and lines that are not chrony's."""

from __future__ import annotations

import pytest
from msgspec import UNSET

from agent.errors import ReadingError
from agent.readings.chrony import parse_tracking
from agent.readings.clock import read_clock
from agent.settings import Settings
from tests.agent.bed import Node

LINE = "C0A80001,192.168.0.1,3,1700000000.1,{correction},0,0,0,0,0,{delay},{dispersion},64.2,{leap}\n"


def test_a_positive_correction_is_a_clock_that_is_behind():
    clock = parse_tracking(LINE.format(correction="0.25", delay="0.02", dispersion="0.001", leap="Normal"))
    assert clock.offset_ms == -250
    assert clock.error_ms == pytest.approx(11)
    assert clock.synchronised
    assert clock.source == "192.168.0.1"


def test_without_a_source_it_is_not_synchronised():
    clock = parse_tracking("00000000,,0,0.0,0.000000000,0,0,0,0,0,1,1,0,Not synchronised\n")
    assert (clock.synchronised, clock.source, str(clock.offset_ms)) == (False, "00000000", "0.0")


@pytest.mark.parametrize("reference", ["7F7F0101", "4D414E55"], ids=["its own clock", "set by hand"])
def test_a_reference_of_its_own_is_no_source(reference: str):
    line = f"{reference},,10,0.0,0.000000000,0,0,0,0,0,0.0,0.0,1,Normal\n"
    assert not parse_tracking(line).synchronised


@pytest.mark.parametrize("line", ["", "506 Cannot talk to daemon", "a,b,c,d,e,f,g,h,i,j,k,l,m,n", "," * 13])
def test_other_lines_are_refused(line: str):
    with pytest.raises(ReadingError):
        parse_tracking(line)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ReadingError, match="not finite"):
        parse_tracking(LINE.format(correction="nan", delay="0", dispersion="0", leap="Normal"))


@pytest.mark.process
async def test_a_missing_timedatectl_costs_only_its_own_answer(settings: Settings, node: Node):
    (node.folder / "timedatectl").unlink()
    clock = await read_clock(settings)
    assert clock.ntp_service_active is None
    assert clock.offset_ms == pytest.approx(2400)


@pytest.mark.parametrize(
    ("age_s", "interval_s", "doubts"),
    [
        (12, 64.2, UNSET),
        (500, 8, UNSET),
        (8000, 1030, UNSET),
        (600, 8, ("stale",)),
        (-20, 64.2, ("set_back",)),
    ],
    ids=["fresh", "eight usual polls", "a slow poll", "unreachable for long", "put back since"],
)
def test_the_age_of_chronys_word_is_asked(age_s: float, interval_s: float, doubts: object):
    line = f"C0A80001,192.168.0.1,3,{1_700_000_000 - age_s},0,0,0,0,0,0,0.01,0.001,{interval_s},Normal\n"
    assert parse_tracking(line, now_s=1_700_000_000).doubts == doubts


# `chronyc -c tracking` of chrony 4.3 on a virtual machine that was paused for 20 s: before and (its figures
# rounded) after the next poll.
PAUSED_AT_S = 1_796_039_450.0
UNNOTICED = (
    "0A000202,10.0.2.2,9,1796039444.323461191,-0.000094030,0.000012674,1.195132375,6.788,1.100,4.616,"
    "0.001237055,0.000998850,8.1,Normal\n"
)
NOTICED = (
    "0A000202,10.0.2.2,9,1796039471.500000000,21.354000000,21.400000000,9.000000000,6.788,1.100,4.616,"
    "0.001237055,1.440000000,8.1,Normal\n"
)


def test_a_clock_that_chronyd_knows_to_be_behind_was_not_put_back_since():
    """The time of the last update is true time as chronyd has it, not what the clock showed."""
    assert parse_tracking(UNNOTICED, now_s=PAUSED_AT_S).doubts == UNSET, "so only the bot's look tells"
    assert parse_tracking(NOTICED, now_s=PAUSED_AT_S).doubts == UNSET
    assert parse_tracking(NOTICED, now_s=PAUSED_AT_S).offset_ms == pytest.approx(-21_354)


@pytest.mark.process
async def test_a_clock_that_was_set_since_is_doubted_by_the_kernel(settings: Settings, node: Node):
    """settimeofday makes the kernel call the clock unsynchronised until chronyd's next update."""
    (node.folder / "timedatectl").write_text("#!/bin/sh\necho NTP=yes\necho NTPSynchronized=no\n")
    clock = await read_clock(settings)
    assert clock.doubts and "kernel_unsynchronised" in clock.doubts
