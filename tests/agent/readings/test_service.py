"""What systemd says of a service."""

from __future__ import annotations

import pytest

from agent.errors import ReadingError
from agent.readings.service import parse_show


@pytest.mark.parametrize(
    ("active_state", "state"),
    [("active", "active"), ("reloading", "active"), ("failed", "failed"), ("activating", "unknown")],
)
def test_states(active_state: str, state: str):
    shown = f"ExecMainStartTimestampMonotonic=1500000\nMainPID=7\nActiveState={active_state}\n"
    service = parse_show(shown)
    assert (service.state, service.pid, service.started_boottime_s) == (state, 7, 1.5)


def test_how_often_it_was_restarted_and_how_it_ended():
    shown = "MainPID=7\nActiveState=active\nExecMainStartTimestampMonotonic=1\nNRestarts=3\nResult=oom-kill\n"
    service = parse_show(shown)
    assert (service.restarts, service.result) == (3, "oom-kill")


def test_an_old_systemd_counts_no_restarts():
    service = parse_show("MainPID=7\nActiveState=active\nExecMainStartTimestampMonotonic=1\n")
    assert (service.restarts, service.result) == (None, None)


def test_a_zero_is_none():
    service = parse_show("MainPID=0\nActiveState=inactive\nExecMainStartTimestampMonotonic=0\n")
    assert (service.state, service.pid, service.started_boottime_s) == ("inactive", None, None)


# As systemd 252 shows them.
@pytest.mark.parametrize(
    ("load", "active", "state"),
    [
        ("masked", "inactive", "inactive"),
        ("not-found", "inactive", "unknown"),
        ("bad-setting", "inactive", "inactive"),
        ("masked", "active", "active"),
    ],
)
def test_a_unit_that_is_not_loaded_is_told(load: str, active: str, state: str):
    shown = (
        f"MainPID=0\nResult=success\nNRestarts=0\nExecMainStartTimestampMonotonic=0\nLoadState={load}\n"
        f"ActiveState={active}\n"
    )
    service = parse_show(shown)
    assert (service.state, service.load) == (state, load)


def test_a_loaded_unit_is_told_as_ever():
    shown = "MainPID=0\nExecMainStartTimestampMonotonic=0\nLoadState=loaded\nActiveState=inactive\n"
    assert '"load"' not in parse_show(shown).to_json(), "an older bot reads it"


@pytest.mark.parametrize("shown", ["", "MainPID=x\nActiveState=active\nExecMainStartTimestampMonotonic=0\n"])
def test_other_output_is_refused(shown: str):
    with pytest.raises(ReadingError):
        parse_show(shown)
