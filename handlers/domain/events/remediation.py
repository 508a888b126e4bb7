"""Events of a plan, its run and the silence that goes with it."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from handlers.domain.events.base import Person, TimelineEvent
from handlers.domain.events.diagnosis import Offer
from runbooks.plans import Plan

OutcomeState = Literal["done", "not_done", "rejected", "unknown"]


class PlanProposed(TimelineEvent):
    """Someone asked for a remedy and was shown this plan; `life` names the run of the store at that time."""

    kind: Literal["plan_proposed"] = "plan_proposed"
    handle: str
    offer: str
    plan: Plan
    by: Person
    life: str = ""


class PlanConfirmed(TimelineEvent):
    """Someone who may do so confirmed exactly this plan; the run begins, unless it needs a second approval.

    `fence` is the run's place in the cluster's order of runs, 0 while a second person is awaited.
    """

    kind: Literal["plan_confirmed"] = "plan_confirmed"
    handle: str
    plan_sha256: str
    by: Person
    fence: int = 0
    second_needed: bool = False
    silence_minutes: int = 0


class PlanApproved(TimelineEvent):
    """A second person approved the confirmed plan; the run begins."""

    kind: Literal["plan_approved"] = "plan_approved"
    handle: str
    by: Person
    fence: int


class StopAsked(TimelineEvent):
    """Someone asked the run to stop before its next node."""

    kind: Literal["stop_asked"] = "stop_asked"
    by: Person


class ActionStarted(TimelineEvent):
    """An action is about to be granted; from here on it may have had its effect."""

    kind: Literal["action_started"] = "action_started"
    index: int
    action_id: str


class ActionFinished(TimelineEvent):
    """The outcome of an action according to the node's ledger, with the file's hash if it changed one."""

    kind: Literal["action_finished"] = "action_finished"
    index: int
    state: OutcomeState
    detail: str
    config_sha256: str | None = None


class NodeChecked(TimelineEvent):
    """All nodes were checked after one was acted on; `complaints` says what is worse or wrong."""

    kind: Literal["node_checked"] = "node_checked"
    node: str
    complaints: tuple[str, ...]
    leader: str | None
    waited_s: float


class RunEnded(TimelineEvent):
    """The run is over, completed or stopped; `undo` offers to put back what it changed."""

    kind: Literal["run_ended"] = "run_ended"
    completed: bool
    detail: str
    undo: Offer | None = None


class Silenced(TimelineEvent):
    """Alertmanager silences this incident's alerts until `ends_at`, or could not be told to."""

    kind: Literal["silenced"] = "silenced"
    silence_id: str | None
    ends_at: AwareDatetime
    detail: str


class SilenceLifted(TimelineEvent):
    """The silence was ended early, or could not be."""

    kind: Literal["silence_lifted"] = "silence_lifted"
    detail: str
