"""When each action is refused, and what its effect is judged to be: at each limit, on both sides of it."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from agent.actions.case import Case
from agent.actions.clock_step import needs_second_approver
from agent.actions.kinds import ACTIONS
from agent.errors import ConfigFileError
from agent.neumann_config.edit import with_election_timeouts
from agent.protocol import (
    Action,
    BadMessageError,
    ClockSync,
    NodeState,
    RestartService,
    SetElectionTimeouts,
    StartService,
    parse_action,
)
from agent.settings import Limits, Settings
from runbooks.evidence import Clock
from runbooks.leader_election.clock_remedy import has_settled
from runbooks.leader_election.timeouts import MAX_SET_MS
from tests.agent.bed import CONFIG, settings_from

WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)
BEFORE = CONFIG.encode()
AFTER = with_election_timeouts(BEFORE, min_ms=1000, max_ms=2000)


@pytest.fixture
def settings(settings_document: dict[str, Any]) -> Settings:
    """Limits of 500 ms, 10 s and 1000 s."""
    return settings_from(settings_document | {"limits": {}})


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def state(**values: Any) -> NodeState:
    return NodeState(boot_id="b", **values)


def offset(offset_ms: float | None, error_ms: float | None = 0.0, transactions: int | None = 0) -> NodeState:
    return state(offset_ms=offset_ms, offset_error_ms=error_ms, transactions_active=transactions)


def why_not(settings: Settings, action: Action, agreed: NodeState, now: NodeState, **files: Any) -> str:
    return ACTIONS[action.type].why_not(Case(settings, action, agreed, **files), now) or ""


# A clock step.


@pytest.mark.parametrize(
    ("agreed", "now", "words"),
    [
        (offset(-600), offset(-600), ""),
        (offset(600), offset(600), ""),
        (offset(-600), offset(None), "could not be read"),
        (offset(-600), offset(-600, None), "could not be read"),
        (offset(None), offset(-600), "could not be read"),
        # Not beyond the threshold with all of its error.
        (offset(-600), offset(-500), "not surely beyond 500 ms"),
        (offset(-600), offset(-500.5), ""),
        (offset(-600), offset(-600, 100), "-600.0 ± 100.0 ms is not surely"),
        (offset(-600), offset(-600, 99.5), ""),
        (offset(600), offset(600, 100), "not surely"),
        # Another sign than was agreed on; zero has none.
        (offset(600), offset(-600), "was +600.0 ms and is -600.0 ms: its sign has changed"),
        (offset(-600), offset(600), "sign"),
        (offset(0), offset(-600), "sign"),
        (offset(0), offset(600), "sign"),
        (offset(0.001), offset(600), ""),
        (offset(-0.001), offset(-600), ""),
        # Too far for anybody.
        (offset(-600), offset(-1_000_000), ""),
        (offset(-600), offset(-1_000_001), "A step of 1000 s is beyond the limit of 1000 s"),
        (offset(600), offset(1_000_001), "limit"),
        # Back only without transactions; forward whatever runs.
        (offset(600), offset(600, transactions=1), "it has 1."),
        (offset(600), offset(600, transactions=None), "it has unknown."),
        (offset(-600), offset(-600, transactions=1), ""),
        (offset(-600), offset(-600, transactions=None), ""),
    ],
)
def test_a_step_is_refused(settings: Settings, agreed: NodeState, now: NodeState, words: str):
    found = why_not(settings, ClockSync(), agreed, now)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("agreed_ms", "now_ms", "needed"),
    [
        (10_000, 10_000, False),
        (10_001, 9_000, True),
        (9_000, 10_001, True),
        (-10_001, -9_000, True),
        (-9_000, -10_001, True),
        (None, None, False),
        (None, -10_001, True),
    ],
)
def test_a_step_of_more_than_ten_seconds_needs_two(
    settings: Settings, agreed_ms: float | None, now_ms: float | None, needed: bool
):
    assert needs_second_approver(Case(settings, ClockSync(), offset(agreed_ms)), offset(now_ms)) is needed
    restart = Case(settings, RestartService(), offset(agreed_ms))
    assert not ACTIONS["restart_service"].needs_second(restart, offset(now_ms))


def test_what_was_not_read_is_no_large_step_however_low_the_limit(settings: Settings):
    low = structs.replace(settings, limits=Limits(second_approver_step_s=0.0005))
    assert not needs_second_approver(Case(low, ClockSync(), offset(None)), offset(None))


@pytest.mark.parametrize(
    ("after_ms", "error_ms", "done", "words"),
    [
        (0.0, 12.0, True, "was +600.0 ms and is +0.0 ms ± 12.0 ms by chrony."),
        (500.0, 0.0, True, "is +500.0 ms ± 0.0 ms by chrony."),
        (-499.0, 1.5, None, "is -499.0 ms ± 1.5 ms by chrony."),
        (0.0, 837.0, None, "± 837.0 ms by chrony."),
        (500.5, 0.0, False, "is +500.5 ms ± 0.0 ms by chrony."),
        (-500.5, 0.0, False, "is -500.5 ms ± 0.0 ms by chrony."),
        (None, None, None, "is unknown."),
    ],
)
def test_a_step_is_done_when_the_clock_is_surely_within_the_threshold(
    settings: Settings, after_ms: float | None, error_ms: float | None, done: bool | None, words: str
):
    kind, case = ACTIONS["clock_sync"], Case(settings, ClockSync(), offset(600))
    assert kind.judge(case, offset(after_ms, error_ms)) is done
    assert kind.tell(case, offset(after_ms, error_ms)).endswith(words)


@pytest.mark.parametrize(
    ("offset_ms", "error_ms", "settled"),
    [
        (-973, 265, False),  # as chrony had it of a real clock that was 690 ms off
        (5735, 1848, False),  # ... of one that was 5.1 s off
        (-4964, 40, True),
        (1000, 250, True),
        (5000, 251, False),  # what is left must surely be within the limit
    ],
)
def test_an_estimate_that_has_not_settled_is_not_stepped_on(
    settings: Settings, offset_ms: float, error_ms: float, settled: bool
):
    now = offset(offset_ms, error_ms)
    assert ("has not settled" in why_not(settings, ClockSync(), now, now)) is not settled
    # The bot offers no step that an agent would refuse for that.
    assert has_settled(Clock(offset_ms=offset_ms, error_ms=error_ms, synchronised=True, source="")) is settled


# Election timeouts.


@pytest.mark.parametrize(("longest_ms", "is_taken"), [(MAX_SET_MS, True), (MAX_SET_MS + 1, False)])
def test_the_bot_offers_no_timeout_that_the_wire_refuses(longest_ms: int, is_taken: bool):
    asked = {"type": WIDER.type, "election_timeout_min_ms": 1000, "election_timeout_max_ms": longest_ms}
    taken = False
    with suppress(BadMessageError):
        taken = parse_action(json.dumps(asked)) is not None
    assert taken is is_taken


def config(raw: bytes | None) -> NodeState:
    return state(config_sha256=None if raw is None else sha256(raw))


@pytest.mark.parametrize(
    ("file", "agreed", "now", "words"),
    [
        (BEFORE, BEFORE, BEFORE, ""),
        (None, BEFORE, BEFORE, "could not be read as a regular file"),
        (BEFORE, BEFORE, None, "could not be read as a regular file"),
        (BEFORE, None, BEFORE, "has changed since it was read"),
        (BEFORE, BEFORE, AFTER, "has changed since it was read"),
        (BEFORE, AFTER, BEFORE, "has changed since it was read"),
        (AFTER, BEFORE, BEFORE, "has changed since it was read"),
        (BEFORE, AFTER, AFTER, "has changed since it was read"),
        (AFTER, AFTER, AFTER, "has these timeouts already"),
        (b"", b"", b"", "no [raft] table"),
    ],
)
def test_new_timeouts_are_refused(
    settings: Settings, file: bytes | None, agreed: bytes | None, now: bytes | None, words: str
):
    found = why_not(settings, WIDER, config(agreed), config(now), file_bytes=file)
    assert words in found
    assert bool(found) == bool(words)


def test_what_is_restored_is_not_what_the_action_says(settings: Settings):
    """Undoing puts back what was there, be it TOML or not; it is judged by that alone."""
    case = Case(settings, WIDER, config(AFTER), AFTER, restored=b"# as it was")
    kind = ACTIONS["set_election_timeouts"]
    assert kind.why_not(case, config(AFTER)) is None
    assert kind.judge(case, config(AFTER)) is False
    assert kind.judge(case, config(BEFORE)) is None
    assert kind.judge(case, config(b"# as it was")) is True
    assert kind.tell(case, config(b"# as it was")).endswith(
        "is as it was before that change; it takes effect when the service restarts."
    )


@pytest.mark.parametrize(
    ("after", "done", "words"),
    [
        (AFTER, True, "now says 1000 to 2000 ms; it takes effect when the service restarts."),
        (BEFORE, False, "is as it was."),
        (b"", None, "is neither as it was nor as asked."),
        (None, None, "is neither as it was nor as asked."),
    ],
)
def test_the_file_tells_whether_new_timeouts_are_in_it(
    settings: Settings, after: bytes | None, done: bool | None, words: str
):
    kind, case = ACTIONS["set_election_timeouts"], Case(settings, WIDER, config(BEFORE), BEFORE)
    assert kind.judge(case, config(after)) is done
    assert kind.tell(case, config(after)) == f"{settings.config_file} {words}"


def test_the_single_key_is_told_without_a_maximum(settings: Settings):
    single = b"[raft]\nelection_timeout_ms = 200\n"
    case = Case(settings, WIDER, config(single), single)
    told = ACTIONS["set_election_timeouts"].tell(case, config(single.replace(b"200", b"1000")))
    assert "now says 1000 ms (the file's single key has no maximum);" in told


@pytest.mark.parametrize("file", [None, b""])
async def test_of_a_file_that_cannot_be_changed_nobody_knows_and_nothing_is_written(
    settings: Settings, file: bytes | None
):
    case = Case(settings, WIDER, config(BEFORE), file)
    kind, before = ACTIONS["set_election_timeouts"], settings.config_file.read_bytes()
    assert kind.judge(case, config(AFTER)) is None
    with pytest.raises(ConfigFileError):
        await kind.run(case)
    assert settings.config_file.read_bytes() == before


# The service.


def service(service_state: str, pid: int | None) -> NodeState:
    return state(service_state=service_state, service_pid=pid)


RUNNING = service("active", 100)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (RUNNING, ""),
        (service("active", 101), "runs as process 101 now, not as 100"),
        (service("active", None), "is active, not active"),
        (service("inactive", None), "is inactive, not active"),
        (service("failed", 100), "is failed, not active"),
        (service("unknown", 100), "is unknown, not active"),
    ],
)
def test_a_restart_is_refused(settings: Settings, now: NodeState, words: str):
    found = why_not(settings, RestartService(), RUNNING, now)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("agreed", "now", "words"),
    [
        ("one", "one", ""),
        ("one", "other", "The configuration file has changed since this was agreed."),
        ("one", None, "The configuration file cannot be read, so it may not be the one that was agreed on."),
        # Where it could not be read then, nothing was agreed about it.
        (None, "one", ""),
        (None, None, ""),
    ],
)
def test_a_restart_takes_the_file_into_effect_that_was_agreed_on(
    settings: Settings, agreed: str | None, now: str | None, words: str
):
    found = why_not(
        settings,
        RestartService(),
        structs.replace(RUNNING, config_sha256=agreed),
        structs.replace(RUNNING, config_sha256=now),
    )
    assert found == words


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (service("inactive", None), False),
        (service("failed", None), False),
        (service("unknown", None), True),
        (RUNNING, True),
    ],
)
def test_a_start_is_refused(settings: Settings, now: NodeState, refused: bool):
    found = why_not(settings, StartService(), service("failed", None), now)
    assert ("only a stopped service is started" in found) is refused
    assert bool(found) is refused


@pytest.mark.parametrize(
    ("after", "restarted", "started"),
    [
        (service("active", 101), True, True),
        (service("active", 100), False, True),
        (service("active", None), False, False),
        (service("failed", 101), False, False),
        (service("inactive", None), False, False),
        (service("unknown", 101), None, None),
    ],
)
def test_a_service_is_judged_by_its_process(
    settings: Settings, after: NodeState, restarted: bool | None, started: bool | None
):
    restart, start = Case(settings, RestartService(), RUNNING), Case(settings, StartService(), RUNNING)
    assert ACTIONS["restart_service"].judge(restart, after) is restarted
    assert ACTIONS["start_service"].judge(start, after) is started


def test_a_service_is_told_with_its_processes(settings: Settings):
    case = Case(settings, StartService(), service("failed", None))
    assert ACTIONS["start_service"].tell(case, RUNNING) == (
        "The service had failed and is active (process 100)."
    )
    assert ACTIONS["restart_service"].tell(replace(case, agreed=RUNNING), service("inactive", None)) == (
        "The service was active (process 100) and is stopped."
    )


def test_the_last_look_takes_what_the_action_depends_on_and_no_more():
    assert {name: set(kind.reads) for name, kind in ACTIONS.items()} == {
        "clock_sync": {"clock", "transactions"},
        "set_election_timeouts": {"config"},
        "start_service": {"service"},
        "restart_service": {"service", "config"},
        "transfer_leadership": {"raft"},
    }


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ("masked", "The unit is masked, so somebody decided that it must not start: systemctl unmask."),
        ("not-found", "The unit is not known to systemd: correct `service`."),
        ("bad-setting", "The unit has a line that systemd refuses: systemd-analyze verify."),
        ("error", "The unit is error: systemctl status."),
    ],
)
def test_a_unit_that_is_not_loaded_is_not_moved(settings: Settings, load: str, words: str):
    stopped = structs.replace(service("inactive", None), service_load=load)
    assert why_not(settings, StartService(), service("inactive", None), stopped) == words
    running = structs.replace(RUNNING, service_load=load)
    assert why_not(settings, RestartService(), RUNNING, running) == words


@pytest.mark.parametrize(
    ("later", "stays"),
    [
        (RUNNING, True),
        (service("active", 101), False),
        (service("failed", None), False),
        (service("unknown", None), None),
    ],
)
def test_a_process_that_is_gone_a_moment_later_did_not_stay_up(later: NodeState, stays: bool | None):
    for name in ("start_service", "restart_service"):
        lasts = ACTIONS[name].lasts
        assert lasts and lasts(RUNNING, later) is stays
