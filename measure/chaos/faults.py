"""Every fault of bot, agents, Redis and the links between, each at a chosen moment of a confirmed run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from measure.chaos.rig import Rig
from measure.chaos.steps import (
    AWAY_S,
    PAST_ASKING_S,
    back_up_redis,
    confirm_old_plan,
    cut_answer,
    fail_over,
    freeze_redis,
    freeze_worker,
    kill_acting_agent,
    kill_bot,
    kill_prepared_agent,
    kill_redis,
    kill_worker_beside_another,
    restore_redis,
    restore_redis_mid_run,
    set_trap,
    slow_link,
)

Step = Callable[[Rig], Coroutine[Any, Any, None]]


async def _nothing(_: Rig) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Chaos:
    """One thing that goes wrong.

    Args:
        name: What is done, and when.
        play: Does it, from the moment of the confirmation on, and returns when it is over.
        fault: What is wrong with the cluster.
        remedy: The button that is pressed.
        before: Done with the plan on the screen, before it is confirmed.
        after: Done when the loop has ended; adds what it finds.
        bots: The bot's processes; one with a 2 is started by `play`.
        failover: Whether Redis is a pair under a Sentinel.
        at_most: How often an action may have its effect, however often it was confirmed.
        ends: How it must end.
    """

    name: str
    play: Step = _nothing
    fault: str = "quorum-loss"
    remedy: str = "start_nodes"
    before: Step = _nothing
    after: Callable[[Rig], Awaitable[list[str]]] | None = None
    bots: tuple[str, ...] = ("serve",)
    failover: bool = False
    at_most: int | None = None
    ends: tuple[str, ...] = ("verified", "stopped")


RUN_EVENTS = (
    ("plan_confirmed", 1),
    ("action_started", 1),
    ("action_finished", 1),
    ("node_checked", 1),
    ("action_started", 2),
    ("action_finished", 2),
    ("node_checked", 2),
    ("run_ended", 1),
    ("leader_seen", 1),
    ("leader_verified", 1),
)
TWO_WORKERS = ("web", "worker", "worker2")


def _at(event: str, number: int) -> str:
    return f"{event}-{number}"


FAULTS: tuple[Chaos, ...] = (
    Chaos("nothing", ends=("verified",)),
    *(
        Chaos(
            f"bot-killed/{_at(event, number)}",
            partial(kill_bot, event=event, number=number),
        )
        for event, number in RUN_EVENTS
    ),
    *(
        Chaos(
            f"bot-killed/{fault}/{_at(event, number)}",
            partial(kill_bot, event=event, number=number),
            fault=fault,
            remedy=remedy,
        )
        for fault, remedy, event, number in (
            ("clock-skew", "clock_sync", "action_started", 1),
            ("clock-skew", "clock_sync", "action_finished", 1),
            ("aggressive-timeouts", "config_bump", "action_started", 1),
            ("aggressive-timeouts", "config_bump", "action_started", 2),
            ("aggressive-timeouts", "config_bump", "action_finished", 2),
        )
    ),
    *(
        Chaos(
            f"worker-killed/{_at(*at)}",
            partial(kill_worker_beside_another, event=at[0], number=at[1]),
            bots=TWO_WORKERS,
        )
        for at in (("action_started", 1), ("action_finished", 1))
    ),
    *(
        Chaos(
            f"worker-frozen/{_at(*at)}",
            partial(freeze_worker, event=at[0], number=at[1]),
            bots=TWO_WORKERS,
        )
        for at in (("plan_confirmed", 1), ("action_started", 1), ("action_finished", 1))
    ),
    Chaos("agent-killed/prepared", kill_prepared_agent, before=slow_link, ends=("stopped",)),
    Chaos(
        "agent-killed/intent",
        partial(kill_acting_agent, late=False),
        before=partial(set_trap, verb="start", at="before"),
        # Whether the agent looks before the effect or after it is chance; it may not say what it did not see.
        ends=("stopped", "verified"),
    ),
    Chaos(
        "agent-killed/intent-effect-comes-late",
        partial(kill_acting_agent, late=True),
        before=partial(set_trap, verb="start", at="before"),
        ends=("stopped",),
    ),
    Chaos(
        "agent-killed/after-effect",
        partial(kill_acting_agent, late=False),
        before=partial(set_trap, verb="start", at="after"),
    ),
    Chaos(
        "agent-killed/clock-skew/after-effect",
        partial(kill_acting_agent, late=False),
        fault="clock-skew",
        remedy="clock_sync",
        before=partial(set_trap, verb="makestep", at="after"),
    ),
    Chaos(
        "agent-killed/aggressive-timeouts/after-restart",
        partial(kill_acting_agent, late=False),
        fault="aggressive-timeouts",
        remedy="config_bump",
        before=partial(set_trap, verb="restart", at="after"),
    ),
    *(
        Chaos(f"redis-killed/{_at(*at)}", partial(kill_redis, event=at[0], number=at[1]))
        for at in (("plan_confirmed", 1), ("action_started", 1), ("action_finished", 1), ("run_ended", 1))
    ),
    *(
        Chaos(f"redis-frozen/{_at(*at)}", partial(freeze_redis, event=at[0], number=at[1]))
        for at in (("plan_confirmed", 1), ("action_started", 1), ("action_finished", 1))
    ),
    *(
        Chaos(
            f"redis-restored/{_at(*at)}{'-shown' if later_s else ''}",
            partial(restore_redis, event=at[0], number=at[1], later_s=later_s),
            before=back_up_redis,
            after=confirm_old_plan,
            at_most=1,
        )
        for at, later_s in (
            (("action_started", 1), 0.0),
            (("action_finished", 1), 0.0),
            (("run_ended", 1), 0.0),
            (("leader_verified", 1), 0.0),
            (("leader_verified", 1), 2.0),
        )
    ),
    *(
        Chaos(
            f"redis-restored-mid-run/{_at(*at)}",
            partial(restore_redis_mid_run, event=at[0], number=at[1]),
            at_most=1,
        )
        for at in (("action_finished", 1), ("action_finished", 2))
    ),
    *(
        Chaos(
            f"redis-failed-over/{_at(*at)}",
            partial(fail_over, event=at[0], number=at[1]),
            failover=True,
        )
        for at in (("plan_confirmed", 1), ("action_started", 1), ("action_finished", 1))
    ),
    Chaos(
        "answer-cut/3-s",
        partial(cut_answer, away_s=AWAY_S),
        before=partial(set_trap, verb="start", at="after"),
    ),
    Chaos(
        "answer-cut/longer-than-asked",
        partial(cut_answer, away_s=PAST_ASKING_S),
        before=partial(set_trap, verb="start", at="after"),
        ends=("stopped",),
    ),
)
