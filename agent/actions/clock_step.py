"""Step the clock: when it is refused, and how its effect is judged."""

from __future__ import annotations

from agent.actions.case import Case
from agent.actions.kind import ActionKind, command
from agent.pods.reader import CLOCK_BY_HAND
from agent.protocol import ClockSync, NodeState

ACTION_DEADLINE_S = 15.0
"""The step itself is instant."""

MAX_ERROR_SHARE = 0.25
"""chronyd's estimate has settled once its bound is so small a part of it; after a jump that takes some 40 s.

Before that, steps by 0.97 ± 0.27 s and by 5.7 ± 1.8 s left real clocks 0.3 and 0.6 s off.
"""


def why_not(case: Case, now: NodeState) -> str | None:
    """Return why the clock is not stepped on what chrony says now."""
    max_step_s = case.settings.limits.max_step_s
    if now.offset_ms is None or now.offset_error_ms is None or case.agreed.offset_ms is None:
        return "The clock's offset could not be read from a synchronised source of chrony's."
    if unsure := _why_unsure(now.offset_ms, now.offset_error_ms, case.settings.limits.skew_threshold_ms):
        return unsure
    if now.offset_ms * case.agreed.offset_ms <= 0:
        was, is_now = _ms(case.agreed.offset_ms), _ms(now.offset_ms)
        return f"The offset was {was} and is {is_now}: its sign has changed."
    if abs(now.offset_ms) > max_step_s * 1000:
        return f"A step of {abs(now.offset_ms) / 1000:.0f} s is beyond the limit of {max_step_s:g} s."
    # Neumann subtracts a transaction's beginning from now, unsigned: a step back times them all out.
    if now.offset_ms > 0 and now.transactions_active != 0:
        active = "unknown" if now.transactions_active is None else str(now.transactions_active)
        return f"A step back needs a node without running transactions; it has {active}."
    return None


def _why_unsure(offset_ms: float, error_ms: float, threshold_ms: float) -> str | None:
    """Return why a step by this estimate would not surely help."""
    seen = f"The offset of {offset_ms:.1f} ± {error_ms:.1f} ms"
    if abs(offset_ms) - error_ms <= threshold_ms:
        return f"{seen} is not surely beyond {threshold_ms:g} ms; what is less, chrony slews away by itself."
    if error_ms > min(MAX_ERROR_SHARE * abs(offset_ms), threshold_ms / 2):
        return f"{seen} has not settled: after some more polls of chrony a step by it would be right."
    return None


def needs_second_approver(case: Case, now: NodeState) -> bool:
    """Say whether the step is so large that one person's word is not enough."""
    limit_ms = case.settings.limits.second_approver_step_s * 1000
    offsets_ms = (case.agreed.offset_ms or 0, now.offset_ms or 0)
    return any(abs(offset_ms) > limit_ms for offset_ms in offsets_ms)


def judge(case: Case, after: NodeState) -> bool | None:
    """Judge by chrony's word and bound. It has just zeroed that figure: the bot looks from outside too."""
    threshold_ms = case.settings.limits.skew_threshold_ms
    if after.offset_ms is None or after.offset_error_ms is None:
        return None
    if abs(after.offset_ms) > threshold_ms:
        return False
    return True if abs(after.offset_ms) + after.offset_error_ms <= threshold_ms else None


def tell(case: Case, after: NodeState) -> str:
    """Put the step in words."""
    bound = "" if after.offset_error_ms is None else f" ± {after.offset_error_ms:.1f} ms by chrony"
    return f"The clock's offset was {_ms(case.agreed.offset_ms)} and is {_ms(after.offset_ms)}{bound}."


def _ms(offset_ms: float | None) -> str:
    return "unknown" if offset_ms is None else f"{offset_ms:+.1f} ms"


CLOCK_STEP = ActionKind(
    of=ClockSync,
    reads=frozenset({"clock", "transactions"}),
    why_not=why_not,
    run=command(lambda case: (str(case.settings.commands.chronyc), "makestep"), within_s=ACTION_DEADLINE_S),
    judge=judge,
    tell=tell,
    needs_second=needs_second_approver,
    in_pod=CLOCK_BY_HAND,
)
