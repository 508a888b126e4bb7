"""Start and restart Neumann's service: when each is refused, and how its effect is judged."""

from __future__ import annotations

from contextlib import suppress

from agent.actions.case import Case
from agent.actions.kind import ActionKind
from agent.actions.pod_moves import POD_RESTART, POD_START
from agent.errors import CommandError
from agent.protocol import NodeState, RestartService, StartService
from agent.readings.service import move_service

ACTION_DEADLINE_S = 100.0
"""A service may take as long to stop as systemd lets it: `DefaultTimeoutStopSec`, 90 s."""

_WHY_NOT_LOADED = {
    "masked": "is masked, so somebody decided that it must not start: systemctl unmask",
    "not-found": "is not known to systemd: correct `service`",
    "bad-setting": "has a line that systemd refuses: systemd-analyze verify",
}


def why_no_restart(case: Case, now: NodeState) -> str | None:
    """Return why the service is not restarted."""
    if now.service_state != "active" or now.service_pid is None:
        return f"The service is {now.service_state}, not active; only a running service is restarted."
    if held := _why_not_loaded(now):
        return held
    if now.service_pid != case.agreed.service_pid:
        return f"The service runs as process {now.service_pid} now, not as {case.agreed.service_pid}."
    # A restart takes the file into effect, so it must be the one that was agreed on.
    if case.agreed.config_sha256 in (None, now.config_sha256):
        return None
    if now.config_sha256 is None:
        return "The configuration file cannot be read, so it may not be the one that was agreed on."
    return "The configuration file has changed since this was agreed."


def why_no_start(_case: Case, now: NodeState) -> str | None:
    """Return why the service is not started."""
    if held := _why_not_loaded(now):
        return held
    if now.service_state in ("inactive", "failed"):
        return None
    return f"The service is {now.service_state}; only a stopped service is started."


def _why_not_loaded(now: NodeState) -> str | None:
    load = now.service_load
    if not isinstance(load, str):
        return None
    return f"The unit {_WHY_NOT_LOADED.get(load, f'is {load}: systemctl status')}."


async def restart(case: Case) -> None:
    """Have the service manager restart it."""
    await move_service(case.settings, "restart", timeout_s=ACTION_DEADLINE_S)


async def start(case: Case) -> None:
    """Have the service manager start it; what has crashed too often is let start again first."""
    if case.agreed.service_state == "failed":
        # Not allowed by an older polkit rule: the start then says by itself whether it was needed.
        with suppress(CommandError):
            await move_service(case.settings, "reset-failed", timeout_s=ACTION_DEADLINE_S)
    await move_service(case.settings, "start", timeout_s=ACTION_DEADLINE_S)


def judge_restart(case: Case, after: NodeState) -> bool | None:
    """Judge whether another process runs than before."""
    if after.service_state == "unknown":
        return None
    return _is_active(after) and after.service_pid != case.agreed.service_pid


def judge_start(_case: Case, after: NodeState) -> bool | None:
    """Judge whether it runs."""
    return None if after.service_state == "unknown" else _is_active(after)


def stayed_up(first: NodeState, later: NodeState) -> bool | None:
    """Judge whether the process that was seen first is still there: one with a broken file dies at once."""
    if later.service_state == "unknown":
        return None
    return _is_active(later) and later.service_pid == first.service_pid


def _is_active(state: NodeState) -> bool:
    return state.service_state == "active" and state.service_pid is not None


_WAS = {"active": "was active", "inactive": "was stopped", "failed": "had failed", "unknown": "was unknown"}
_IS = {"active": "is active", "inactive": "is stopped", "failed": "has failed", "unknown": "is unknown"}


def tell(case: Case, after: NodeState) -> str:
    """Put the move in words."""
    before, now = case.agreed, after
    return (
        f"The service {_WAS[before.service_state]}{_process(before)} and"
        f" {_IS[now.service_state]}{_process(now)}."
    )


def _process(state: NodeState) -> str:
    return f" (process {state.service_pid})" if state.service_pid else ""


START = ActionKind(
    of=StartService,
    reads=frozenset({"service"}),
    why_not=why_no_start,
    run=start,
    judge=judge_start,
    tell=tell,
    lasts=stayed_up,
    in_pod=POD_START,
)
RESTART = ActionKind(
    of=RestartService,
    reads=frozenset({"service", "config"}),
    why_not=why_no_restart,
    run=restart,
    judge=judge_restart,
    tell=tell,
    lasts=stayed_up,
    in_pod=POD_RESTART,
)
