"""Bound the work that an event's recurrence rules make: the library counts them out from the first one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from math import prod

from icalendar import vRecur

STEP_S = {
    "SECONDLY": 1,
    "MINUTELY": 60,
    "HOURLY": 3_600,
    "DAILY": 86_400,
    "WEEKLY": 7 * 86_400,
    "MONTHLY": 28 * 86_400,
    "YEARLY": 365 * 86_400,
}
FINER = {"BYSECOND": 60, "BYMINUTE": 3_600, "BYHOUR": 86_400}
"""Parts that name several times within one step, where the step has so many seconds or more."""

DAYS = frozenset({"BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"})
"""Parts that name any of the days within a week, month or year; in a shorter step they leave some out."""

MAX_STEPS = 100_000
"""About a second's work: each hour of eleven years, or each day of 270."""


def check_rules(rules: list[vRecur] | vRecur | None, start: date, now: datetime) -> None:
    """Pass over recurrence rules that are counted out soon.

    Raises:
        ValueError: If one is none, takes more than `MAX_STEPS` from the event's start to a moment, or leaves
            out hours or less: whoever looks for one that never comes looks through each until the year 9999.
    """
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        frequency, interval = str(rule.get("FREQ", [""])[0]).upper(), int(rule.get("INTERVAL", [1])[0])
        if frequency not in STEP_S or interval < 1:
            raise ValueError(f"RRULE with FREQ={frequency} and INTERVAL={interval} is no rule")
        if left_out := _leaves_out(rule, frequency):
            raise ValueError(
                f"RRULE with FREQ={frequency} and {left_out} is none for a shift: name days or more"
            )
        ends = [now, *(_instant(end) for end in rule.get("UNTIL", ()))]
        steps = (
            (min(ends) - _instant(start)).total_seconds()
            / (STEP_S[frequency] * interval)
            * _finer(rule, frequency)
        )
        if min(steps, *rule.get("COUNT", [steps])) > MAX_STEPS:
            raise ValueError(f"RRULE with FREQ={frequency} recurs too often for a shift")


def _instant(at: date) -> datetime:
    """Return an instant that is less than a day off where no zone is given."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _finer(rule: vRecur, frequency: str) -> int:
    """Return how many times one step may name."""
    days = STEP_S[frequency] // STEP_S["DAILY"] if DAYS & rule.keys() else 1
    finer = prod(len(rule.get(part, [0])) for part, step_s in FINER.items() if STEP_S[frequency] >= step_s)
    return max(days, 1) * finer


def _leaves_out(rule: vRecur, frequency: str) -> str:
    """Return a part that leaves out steps shorter than a day; nothing where none does."""
    if STEP_S[frequency] >= STEP_S["DAILY"]:
        return ""
    coarser = (part for part, step_s in FINER.items() if STEP_S[frequency] < step_s)
    return next((part for part in sorted({*DAYS, *coarser}) if part in rule), "")
