"""The four actions, of a host and of a pod: when each is refused, what it runs, how its effect is judged."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from agent.actions import clock_step, pod_moves, service_moves
from agent.actions.case import Case
from agent.errors import ConfigFileError
from agent.neumann_config.edit import has_single_key, with_election_timeouts
from agent.neumann_config.store import store_of
from agent.pods.reader import CLOCK_BY_HAND
from agent.protocol import NodeState, SetElectionTimeouts
from agent.readings.reader import StateReading
from agent.settings import Settings


@dataclass(frozen=True)
class ActionKind:
    """How one type of action is handled.

    `reads` is what is read again at the last instant. `why_not` gives a sentence where the action must not
    run on the state that is there now. `run` acts. `judge` looks at the state afterwards: True is done,
    False is not done, None is not to be told. `tell` puts the effect in words. `lasts` looks once more
    after `limits.stays_up_s`, where an effect may be gone again at once. `has_begun` is there where the
    effect ends this agent too: it says whether a later one has to see what came of it.
    """

    reads: frozenset[StateReading]
    why_not: Callable[[Case, NodeState], str | None]
    run: Callable[[Case], Awaitable[None]]
    judge: Callable[[Case, NodeState], bool | None]
    tell: Callable[[Case, NodeState], str]
    lasts: Callable[[NodeState, NodeState], bool | None] | None = None
    has_begun: Callable[[Case, NodeState], bool] | None = None


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
    name = store_of(case.settings).name
    if case.file_bytes is None or now.config_sha256 is None:
        return f"{name} could not be read{'' if case.settings.kubernetes else ' as a regular file'}."
    if not _sha256(case.file_bytes) == now.config_sha256 == case.agreed.config_sha256:
        return f"{name} has changed since it was read."
    try:
        changed = changed_file(case)
    except ConfigFileError as error:
        return str(error)
    if case.shown_sha256 is not None and _sha256(changed) != case.shown_sha256:
        return "The edit would not give the file that was shown when it was confirmed; nothing was written."
    return "The file has these timeouts already." if changed == case.file_bytes else None


async def _timeouts_run(case: Case) -> None:
    assert case.agreed.config_sha256 is not None  # noqa: S101 (checked by _timeouts_why_not)
    await store_of(case.settings).replace(changed_file(case), expected_sha256=case.agreed.config_sha256)


async def _timeouts_run_and_mount(case: Case) -> None:
    await _timeouts_run(case)
    await pod_moves.wait_until_mounted(case, _sha256(changed_file(case)))


def _timeouts_judge(case: Case, after: NodeState) -> bool | None:
    if after.config_sha256 == case.agreed.config_sha256:
        return False
    try:
        return True if after.config_sha256 == _sha256(changed_file(case)) else None
    except ConfigFileError:
        return None


def _timeouts_tell(case: Case, after: NodeState) -> str:
    path = store_of(case.settings).name
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


ACTIONS: Mapping[str, ActionKind] = {
    "clock_sync": ActionKind(
        reads=frozenset({"clock", "transactions"}),
        why_not=clock_step.why_not,
        run=clock_step.run,
        judge=clock_step.judge,
        tell=clock_step.tell,
    ),
    "set_election_timeouts": ActionKind(
        reads=frozenset({"config"}),
        why_not=_timeouts_why_not,
        run=_timeouts_run,
        judge=_timeouts_judge,
        tell=_timeouts_tell,
    ),
    "start_service": ActionKind(
        reads=frozenset({"service"}),
        why_not=service_moves.why_no_start,
        run=service_moves.start,
        judge=service_moves.judge_start,
        tell=service_moves.tell,
        lasts=service_moves.stayed_up,
    ),
    "restart_service": ActionKind(
        reads=frozenset({"service", "config"}),
        why_not=service_moves.why_no_restart,
        run=service_moves.restart,
        judge=service_moves.judge_restart,
        tell=service_moves.tell,
        lasts=service_moves.stayed_up,
    ),
}

_POD_START = ActionKind(
    reads=frozenset({"service"}),
    why_not=pod_moves.why_no_start,
    run=pod_moves.delete,
    judge=pod_moves.judge,
    tell=pod_moves.tell,
    lasts=pod_moves.stayed_ready,
    has_begun=pod_moves.has_begun,
)
POD_ACTIONS: Mapping[str, ActionKind] = {
    "clock_sync": replace(
        ACTIONS["clock_sync"], reads=frozenset(), why_not=lambda _case, _now: CLOCK_BY_HAND
    ),
    "set_election_timeouts": replace(ACTIONS["set_election_timeouts"], run=_timeouts_run_and_mount),
    "start_service": _POD_START,
    "restart_service": replace(
        _POD_START, reads=frozenset({"service", "config"}), why_not=pod_moves.why_no_restart
    ),
}


def actions_of(settings: Settings) -> Mapping[str, ActionKind]:
    """Return how each action is carried out on the node that the settings describe."""
    return POD_ACTIONS if settings.kubernetes else ACTIONS
