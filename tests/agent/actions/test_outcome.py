"""Whatever goes wrong while acting has an end with words; what one look after a crash proves is little."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from agent.actions.after_crash import judge
from agent.actions.case import Case
from agent.actions.kinds import ACTIONS
from agent.actions.outcome import act
from agent.errors import CommandError, CommandTimedOutError, ConfigFileError
from agent.protocol import Action, ClockSync, NodeState, RestartService, SetElectionTimeouts, StartService
from agent.settings import Settings
from tests.agent.actions.test_kinds import AFTER, BEFORE, config
from tests.agent.bed import CONFIG, settings_from

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


@pytest.fixture
def settings(settings_document: dict[str, Any]) -> Settings:
    return settings_from(settings_document)


@pytest.mark.parametrize(
    ("error", "words", "may_go_on"),
    [
        (CommandTimedOutError("It did not end within 15 s."), "It did not end within 15 s. ", True),
        (CommandError("It failed."), "It failed. ", False),
        (ConfigFileError("It cannot be replaced."), "It cannot be replaced. ", False),
        (ZeroDivisionError(), "It failed with ZeroDivisionError. ", True),
        (None, "", False),
    ],
)
async def test_whatever_is_raised_becomes_words(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    error: Exception | None,
    words: str,
    may_go_on: bool,
):
    async def run(_case: Case) -> None:
        if error:
            raise error

    kind = replace(ACTIONS["restart_service"], run=run)
    case = Case(settings, RestartService(), NodeState(boot_id="b"))
    assert await act(kind, case) == (words, may_go_on)
    # Only what was not foreseen is for the log, with its trace.
    assert [bool(record.exc_info) for record in caplog.records] == [True] * isinstance(
        error, ZeroDivisionError
    )


RUNNING_AGAIN = NodeState(boot_id="b", service_state="active", service_pid=2)


@pytest.mark.parametrize(
    ("action", "after", "state"),
    [
        (RestartService(), RUNNING_AGAIN, "DONE"),
        (RestartService(), structs.replace(RUNNING_AGAIN, service_pid=1), "UNKNOWN"),
        (RestartService(), structs.replace(RUNNING_AGAIN, boot_id="c"), "UNKNOWN"),
        (RestartService(), NodeState(boot_id="b", service_state="inactive"), "UNKNOWN"),
        (StartService(), RUNNING_AGAIN, "DONE"),
        (StartService(), structs.replace(RUNNING_AGAIN, boot_id="c"), "UNKNOWN"),
        (ClockSync(), NodeState(boot_id="b", offset_ms=1.0, offset_error_ms=2.0), "DONE"),
        (ClockSync(), NodeState(boot_id="b", offset_ms=2400.0), "UNKNOWN"),
        (ClockSync(), NodeState(boot_id="b"), "UNKNOWN"),
        (ClockSync(), NodeState(boot_id="c", offset_ms=1.0), "UNKNOWN"),
        # A file stays as it is over a boot.
        (WIDER, config(AFTER), "DONE"),
        (WIDER, structs.replace(config(AFTER), boot_id="c"), "DONE"),
        (WIDER, config(BEFORE), "NOT_DONE"),
        (WIDER, config(b"else"), "UNKNOWN"),
        (WIDER, config(None), "UNKNOWN"),
    ],
)
def test_after_a_crash_a_look_proves_what_it_proves(
    settings: Settings, action: Action, after: NodeState, state: str
):
    agreed = structs.replace(config(BEFORE), service_state="active", service_pid=1, offset_ms=2400.0)
    case = Case(settings, action, agreed, CONFIG.encode() if action == WIDER else None)
    assert judge(case, after) == state
