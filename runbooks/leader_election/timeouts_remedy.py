"""The remedy against election timeouts that are too short: wider ones, one restart at a time."""

from __future__ import annotations

from runbooks.leader_election.facts import Facts
from runbooks.leader_election.remedy_kinds import CONFIG_BUMP
from runbooks.leader_election.timeouts import MAX_SET_MS, wanted_timeouts_ms
from runbooks.model import Remedy, Verdict
from runbooks.planning.service_remedies import why_vain
from runbooks.plans import Action
from runbooks.wording import listed


def config_bump(facts: Facts, verdict: Verdict) -> Remedy:
    """Return the remedy that sets timeouts which fit the round trips, where they are why and it is safe."""
    low, high = wanted_timeouts_ms(facts)
    changed = tuple(name for name, now in facts.timeouts_ms.items() if now[0] < low or now[1] < high)
    if reason := _why_not_sure(verdict) or _why_not_safe(facts) or _why_not_set(facts, changed):
        return Remedy(name=CONFIG_BUMP, offered=False, reason=reason)
    return Remedy(
        name=CONFIG_BUMP,
        nodes=changed,
        actions=tuple(
            step for name in _leader_last(facts, changed) for step in _set_and_restart(name, low, high)
        ),
        offered=True,
        reason=f"{low}/{high} ms gives a vote time to come back.",
    )


def _why_not_sure(verdict: Verdict) -> str | None:
    if verdict is Verdict.CONFIRMED:
        return None
    if verdict is Verdict.RULED_OUT:
        return "Elections are not known to fail for want of time: wider timeouts would not help."
    return "It is not confirmed that elections fail for want of time, and every node would restart."


def _why_not_safe(facts: Facts) -> str | None:
    if unread := tuple(name for name in facts.names if name not in facts.timeouts_ms):
        why = _why_not_editable(facts, unread)
        reason = f" ({why.removesuffix('.')})" if why else ""
        return (
            f"The configuration of {listed(unread)} could not be read{reason}; all must get the same values."
        )
    left = len(facts.running) - 1
    return f"A restart would leave {left} nodes, {facts.needed} are needed." if left < facts.needed else None


def _why_not_set(facts: Facts, changed: tuple[str, ...]) -> str | None:
    low, high = wanted_timeouts_ms(facts)
    if high > MAX_SET_MS:
        return (
            f"The round trips ask for {low}/{high} ms, and agents set no timeout above {MAX_SET_MS} ms:"
            " find out why the links are so slow first."
        )
    if not changed:
        return f"The timeouts already stand at {low}/{high} ms or wider."
    return _why_not_editable(facts, changed) or why_vain(facts.evidence, changed)


def _why_not_editable(facts: Facts, names: tuple[str, ...]) -> str | None:
    """Return the first agent's reason why it cannot change its file: no run begins that must stop there."""
    configs = {name: facts.node(name).config.value for name in names}
    reasons = (
        f"{name}: {config.why_not_editable}"
        for name, config in configs.items()
        if config and config.why_not_editable
    )
    return next(reasons, None)


def _leader_last(facts: Facts, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: name == facts.leadership.leader))


def _set_and_restart(name: str, low: int, high: int) -> tuple[Action, Action]:
    return (
        Action(
            type="set_election_timeouts", node=name, election_timeout_min_ms=low, election_timeout_max_ms=high
        ),
        Action(type="restart_service", node=name),
    )
