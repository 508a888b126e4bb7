"""Events of alerts that go from one incident to another: explained, merged by people, or split off."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from handlers.domain.events.base import Person, TimelineEvent
from runbooks.explained import Explanation


class Hindrance(StrEnum):
    """Why a merge or a split that was asked for is not done."""

    CLOSED = "closed"
    RUNNING = "running"
    REGROUPING = "regrouping"
    UNREADABLE = "unreadable"
    NOTHING_LEFT = "nothing_left"


class AlertsJoined(TimelineEvent):
    """Alerts of another runbook came here, because what was found here explains them."""

    kind: Literal["alerts_joined"] = "alerts_joined"
    fingerprints: tuple[str, ...]
    explanation: Explanation


class MergeAsked(TimelineEvent):
    """Someone asked to merge this incident into another. From here on it takes no plan."""

    kind: Literal["merge_asked"] = "merge_asked"
    by: Person
    into: str


class SplitAsked(TimelineEvent):
    """Alerts are to be split off this incident; `by` is who asked for it, `None` for the bot."""

    kind: Literal["split_asked"] = "split_asked"
    by: Person | None = None
    fingerprints: tuple[str, ...]


class AlertsTaken(TimelineEvent):
    """Alerts of another incident came here by a merge or a split.

    `asked` is the place of the request in that incident's timeline. After a merge the later alerts of its
    `runbooks` come here as well; they are empty after a split. `link` leads to its thread.
    """

    kind: Literal["alerts_taken"] = "alerts_taken"
    of: str
    asked: int
    by: Person | None = None
    merged: bool
    runbooks: tuple[str, ...] = ()
    link: str = ""


class AlertsGiven(TimelineEvent):
    """What was asked for is done: the other incident has these alerts. `link` leads to its thread."""

    kind: Literal["alerts_given"] = "alerts_given"
    to: str
    fingerprints: tuple[str, ...]
    link: str = ""


class RegroupingGivenUp(TimelineEvent):
    """What was asked for is not done, and why; `other` is the other incident, where there is one."""

    kind: Literal["regrouping_given_up"] = "regrouping_given_up"
    why: Hindrance
    other: str = ""
