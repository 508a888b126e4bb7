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


@pytest.mark.parametrize("shown", ["", "MainPID=x\nActiveState=active\nExecMainStartTimestampMonotonic=0\n"])
def test_other_output_is_refused(shown: str):
    with pytest.raises(ReadingError):
        parse_show(shown)
