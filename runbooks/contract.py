"""Hold a runbook against the Protocol, by its rows and by what it says of three small clusters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from runbooks.evidence import Evidence, Metrics, Role, glance
from runbooks.hand_off import HandOff
from runbooks.model import BY_HAND, Cause, Diagnosis, Recovery, RemedyKind, Runbook, labels_asked
from runbooks.plans import Plan

MAX_TITLE_CHARS = 60
"""A headline in Slack that does not wrap on a telephone."""

MAX_BUTTON_CHARS = 75
"""Slack's bound for the text of a button."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_TEXTS = ("NAME", "TITLE", "URL", "AIM")


def problems(
    runbook: Runbook, taken: Mapping[str, Runbook], samples: Iterable[Evidence] = ()
) -> Iterator[str]:
    """Yield a sentence for each thing about a runbook that is not as the Protocol says.

    Args:
        runbook: What a package offers as a runbook; it may be anything.
        taken: The runbooks that are there already, by name.
        samples: Evidence to judge, beside three small clusters that are always judged.
    """
    lacking = list(_lacking(runbook))
    yield from lacking
    if lacking:
        return
    yield from _named(runbook, taken)
    for word, cause in runbook.CAUSES.items():
        yield from _cause(word, cause)
    for name, kind in runbook.REMEDIES.items():
        yield from _remedy(name, kind)
    judged = (why for sample in (*small_clusters(), *samples) for why in _judged(runbook, sample))
    yield from dict.fromkeys(judged)


def small_clusters() -> tuple[Evidence, ...]:
    """Return evidence of three nodes: led, without a leader, and answering nothing."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    led = Metrics(role=Role.FOLLOWER, term=3, commit_index=40, applied_index=40, elections_total=1)
    pages: dict[str, tuple[Metrics | None, ...]] = {
        "led": (led.model_copy(update={"role": Role.LEADER}), led, led),
        "leaderless": (led, led, led),
        "silent": (None, None, None),
    }
    return tuple(
        Evidence(
            cluster=name,
            started_at=at,
            nodes=tuple(glance(f"node{n}", page, at) for n, page in enumerate(three, start=1)),
        )
        for name, three in pages.items()
    )


def _lacking(runbook: object) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(getattr(runbook, name, None), str) or not getattr(runbook, name):
            yield f"{name} must be a text."
    for name in ("CAUSES", "REMEDIES"):
        if not isinstance(getattr(runbook, name, None), Mapping):
            yield f"{name} must be a mapping of words to rows."
    if not isinstance(getattr(runbook, "ALERTS", None), frozenset):
        yield "ALERTS must be a frozenset of alert names."
    if getattr(runbook, "RECOVERY_NEEDS", None) not in ("metrics", "everything", "nothing"):
        yield 'RECOVERY_NEEDS must be "metrics", "everything" or "nothing".'
    for name in ("diagnose", "plan", "is_recovered", "hand_off"):
        if not callable(getattr(runbook, name, None)):
            yield f"{name} must be a function."


def _named(runbook: Runbook, taken: Mapping[str, Runbook]) -> Iterator[str]:
    others = {name: other for name, other in taken.items() if other is not runbook}
    if not _NAME.fullmatch(runbook.NAME):
        yield f"NAME {runbook.NAME[:80]!r} must be lower-case letters, digits and hyphens."
    if runbook.NAME in others:
        yield f"NAME {runbook.NAME} is taken by another runbook."
    if not runbook.ALERTS:
        yield "ALERTS names no alert, so no incident would ever be its own."
    for other in others.values():
        for alert in () if _is_apart(runbook, other) else sorted(runbook.ALERTS & other.ALERTS):
            yield f"The alert {alert} belongs to {other.NAME} already."
        for word in sorted(runbook.CAUSES.keys() & other.CAUSES.keys()):
            yield f"The cause {word} is {other.NAME}'s; threads would show its title."
    if not runbook.URL.startswith("https://"):
        yield "URL must begin with https://."
    if not runbook.CAUSES:
        yield "CAUSES is empty, so there is nothing to find."


def _is_apart(one: Runbook, other: Runbook) -> bool:
    """Return whether no alert can be both runbooks' own: they ask for different values of one label."""
    here, there = labels_asked(one), labels_asked(other)
    return any(here[label] != there[label] for label in here.keys() & there.keys())


def _cause(word: str, cause: object) -> Iterator[str]:
    if not isinstance(cause, Cause):
        yield f"CAUSES[{word!r}] is no Cause."
        return
    if cause.word != word or not _WORD.fullmatch(word):
        yield f"The cause {word!r} must stand under its own word, in lower-case letters, digits and _."
    if not cause.title or len(cause.title) > MAX_TITLE_CHARS:
        yield f"The title of {word} must have 1 to {MAX_TITLE_CHARS} characters."
    try:
        said = cause.sentence.format(nodes="node1")
    except (KeyError, IndexError, ValueError):
        yield f"The sentence of {word} may have {{nodes}} in it, and no other field."
        return
    if not said.strip():
        yield f"The cause {word} has no sentence."


def _remedy(name: str, kind: object) -> Iterator[str]:
    if not isinstance(kind, RemedyKind) or kind.name != name:
        yield f"REMEDIES[{name!r}] must be a RemedyKind under its own name."
        return
    if not kind.button or len(kind.button) > MAX_BUTTON_CHARS:
        yield f"The button of {name} must have 1 to {MAX_BUTTON_CHARS} characters."
    yield from (
        f"The remedy {name} has no {field}."
        for field in ("risk", "undo", "check")
        if not getattr(kind, field)
    )


def _judged(runbook: Runbook, sample: Evidence) -> Iterator[str]:
    """Yield what is wrong with the answers to one evidence; a function of others may do anything."""
    try:
        said = tuple(_asked(runbook, sample))
    except (Exception, SystemExit) as error:
        said = (f"It raises {type(error).__name__} on the evidence of a {sample.cluster} cluster: {error}.",)
    yield from said


def _asked(runbook: Runbook, sample: Evidence) -> Iterator[str]:
    first, again = runbook.diagnose(sample), runbook.diagnose(sample)
    recovery, hand_off = runbook.is_recovered(sample), runbook.hand_off(sample)
    if not isinstance(first, Diagnosis) or not first.findings:
        yield "diagnose must return a Diagnosis with at least one finding."
        return
    if first != again:
        yield "diagnose must say the same of the same evidence."
    if not isinstance(recovery, Recovery):
        yield "is_recovered must return a Recovery."
    if not isinstance(hand_off, HandOff | None):
        yield "hand_off must return a HandOff or None."
    yield from _answered(runbook, first, sample)


def _answered(runbook: Runbook, diagnosis: Diagnosis, sample: Evidence) -> Iterator[str]:
    for finding in diagnosis.findings:
        if finding.cause not in runbook.CAUSES:
            yield f"The finding {finding.cause} has no row in CAUSES."
        for remedy in finding.remedies:
            if remedy.name not in (*runbook.REMEDIES, BY_HAND):
                yield f"The remedy {remedy.name} has no row in REMEDIES."
            if not remedy.reason:
                yield f"The remedy {remedy.name} of {finding.cause} has no reason."
    for remedy in diagnosis.offers:
        drawn_up = runbook.plan(remedy, sample)
        if not isinstance(drawn_up, Plan) or tuple(s.action for s in drawn_up.steps) != remedy.actions:
            yield f"The plan of {remedy.name} must have a step for each action of the offer, in order."
