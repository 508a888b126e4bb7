"""The four actions: when each is refused, what it runs, and how its effect is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from agent.actions.case import Case
from agent.errors import ConfigFileError
from agent.neumann_config.edit import has_single_key, replace_config, with_election_timeouts
from agent.protocol import NodeState, SetElectionTimeouts
from agent.readings.reader import StateReading
from agent.readings.service import move_service
from agent.run_command import run_checked

# A step is instant; a service may take its time to stop.
ACTION_DEADLINE_S = 15.0


@dataclass(frozen=True)
class ActionKind:
    """How one type of action is handled.

    `reads` is what is read again at the last instant. `why_not` gives a sentence where the action must not
    run on the state that is there now. `run` acts. `judge` looks at the state afterwards: True is done,
    False is not done, None is not to be told. `tell` puts the effect in words.
    """

    reads: frozenset[StateReading]
    why_not: Callable[[Case, NodeState], str | None]
    run: Callable[[Case], Awaitable[None]]
    judge: Callable[[Case, NodeState], bool | None]
    tell: Callable[[Case, NodeState], str]


def _clock_why_not(case: Case, now: NodeState) -> str | None:
    threshold_ms, max_step_s = case.settings.limits.skew_threshold_ms, case.settings.limits.max_step_s
    if now.offset_ms is None or now.offset_error_ms is None or case.agreed.offset_ms is None:
        return "The clock's offset could not be read from a synchronised source."
    if abs(now.offset_ms) - now.offset_error_ms <= threshold_ms:
        return (
            f"The offset of {now.offset_ms:.1f} ± {now.offset_error_ms:.1f} ms is not surely beyond"
            f" {threshold_ms:g} ms."
        )
    if now.offset_ms * case.agreed.offset_ms <= 0:
        return (
            f"The offset was {_ms(case.agreed.offset_ms)} and is {_ms(now.offset_ms)}: its sign has changed."
        )
    if abs(now.offset_ms) > max_step_s * 1000:
        return f"A step of {abs(now.offset_ms) / 1000:.0f} s is beyond the limit of {max_step_s:g} s."
    # Neumann subtracts a transaction's beginning from now, unsigned: a step back times them all out.
    if now.offset_ms > 0 and now.transactions_active != 0:
        active = "unknown" if now.transactions_active is None else str(now.transactions_active)
        return f"A step back needs a node without running transactions; it has {active}."
    return None


def needs_second_approver(case: Case, now: NodeState) -> bool:
    """Say whether the action is a clock step so large that one person's word is not enough."""
    limit_ms = case.settings.limits.second_approver_step_s * 1000
    offsets_ms = (case.agreed.offset_ms or 0, now.offset_ms or 0)
    return case.action.type == "clock_sync" and any(abs(offset_ms) > limit_ms for offset_ms in offsets_ms)


async def _clock_run(case: Case) -> None:
    await run_checked([str(case.settings.commands.chronyc), "makestep"], timeout_s=ACTION_DEADLINE_S)


def _clock_judge(case: Case, after: NodeState) -> bool | None:
    if after.offset_ms is None:
        return None
    return abs(after.offset_ms) <= case.settings.limits.skew_threshold_ms


def _clock_tell(case: Case, after: NodeState) -> str:
    return f"The clock's offset was {_ms(case.agreed.offset_ms)} and is {_ms(after.offset_ms)}."


def _ms(offset_ms: float | None) -> str:
    return "unknown" if offset_ms is None else f"{offset_ms:+.1f} ms"


def changed_file(case: Case) -> bytes:
    """Return the configuration file as the action would leave it.

    Raises:
        ConfigFileError: If it cannot be edited so.
    """
    assert isinstance(case.action, SetElectionTimeouts)  # noqa: S101 (tells the type checker)
    if case.restored is not None:
        return case.restored
    if case.file_bytes is None:
        raise ConfigFileError("The configuration file could not be read.")
    return with_election_timeouts(
        case.file_bytes,
        min_ms=case.action.election_timeout_min_ms,
        max_ms=case.action.election_timeout_max_ms,
    )


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _timeouts_why_not(case: Case, now: NodeState) -> str | None:
    if case.file_bytes is None or now.config_sha256 is None:
        return f"{case.settings.config_file} could not be read as a regular file."
    if not _sha256(case.file_bytes) == now.config_sha256 == case.agreed.config_sha256:
        return f"{case.settings.config_file} has changed since it was read."
    try:
        changed = changed_file(case)
    except ConfigFileError as error:
        return str(error)
    if case.shown_sha256 is not None and _sha256(changed) != case.shown_sha256:
        return "The edit would not give the file that was shown when it was confirmed; nothing was written."
    return "The file has these timeouts already." if changed == case.file_bytes else None


async def _timeouts_run(case: Case) -> None:
    assert case.agreed.config_sha256 is not None  # noqa: S101 (checked by _timeouts_why_not)
    # On the event loop on purpose: a thread could outlive its deadline and write later.
    replace_config(case.settings.config_file, changed_file(case), expected_sha256=case.agreed.config_sha256)


def _timeouts_judge(case: Case, after: NodeState) -> bool | None:
    if after.config_sha256 == case.agreed.config_sha256:
        return False
    try:
        return True if after.config_sha256 == _sha256(changed_file(case)) else None
    except ConfigFileError:
        return None


def _timeouts_tell(case: Case, after: NodeState) -> str:
    path = case.settings.config_file
    done = _timeouts_judge(case, after)
    if not done:
        return f"{path} is {'neither as it was nor as asked' if done is None else 'as it was'}."
    if case.restored is not None:
        return f"{path} is as it was before that change; it takes effect when the service restarts."
    assert isinstance(case.action, SetElectionTimeouts)  # noqa: S101 (tells the type checker)
    asked = f"{case.action.election_timeout_min_ms} to {case.action.election_timeout_max_ms} ms"
    if has_single_key(changed_file(case)):
        asked = f"{case.action.election_timeout_min_ms} ms (the file's single key has no maximum)"
    return f"{path} now says {asked}; it takes effect when the service restarts."


def _restart_why_not(case: Case, now: NodeState) -> str | None:
    if now.service_state != "active" or now.service_pid is None:
        return f"The service is {now.service_state}, not active; only a running service is restarted."
    if now.service_pid != case.agreed.service_pid:
        return f"The service runs as process {now.service_pid} now, not as {case.agreed.service_pid}."
    # A restart takes the file into effect, so it must be the one that was agreed on.
    if case.agreed.config_sha256 in (None, now.config_sha256):
        return None
    if now.config_sha256 is None:
        return "The configuration file cannot be read, so it may not be the one that was agreed on."
    return "The configuration file has changed since this was agreed."


async def _restart_run(case: Case) -> None:
    await move_service(case.settings, "restart", timeout_s=ACTION_DEADLINE_S)


def _restart_judge(case: Case, after: NodeState) -> bool | None:
    if after.service_state == "unknown":
        return None
    return _active(after) and after.service_pid != case.agreed.service_pid


def _start_why_not(_case: Case, now: NodeState) -> str | None:
    if now.service_state in ("inactive", "failed"):
        return None
    return f"The service is {now.service_state}; only a stopped service is started."


async def _start_run(case: Case) -> None:
    await move_service(case.settings, "start", timeout_s=ACTION_DEADLINE_S)


def _start_judge(_case: Case, after: NodeState) -> bool | None:
    return None if after.service_state == "unknown" else _active(after)


def _active(state: NodeState) -> bool:
    return state.service_state == "active" and state.service_pid is not None


def _service_tell(case: Case, after: NodeState) -> str:
    return (
        f"The service was {case.agreed.service_state} (process {case.agreed.service_pid or 'none'})"
        f" and is {after.service_state} (process {after.service_pid or 'none'})."
    )


ACTIONS: Mapping[str, ActionKind] = {
    "clock_sync": ActionKind(
        frozenset({"clock", "transactions"}), _clock_why_not, _clock_run, _clock_judge, _clock_tell
    ),
    "set_election_timeouts": ActionKind(
        frozenset({"config"}), _timeouts_why_not, _timeouts_run, _timeouts_judge, _timeouts_tell
    ),
    "start_service": ActionKind(
        frozenset({"service"}), _start_why_not, _start_run, _start_judge, _service_tell
    ),
    "restart_service": ActionKind(
        frozenset({"service", "config"}), _restart_why_not, _restart_run, _restart_judge, _service_tell
    ),
}
