"""Everything that dies, stalls or refuses between Alertmanager and the thread, each at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from lab.slack import faults as of_slack
from measure.chaos import delivery_outside as outside
from measure.chaos.delivery_rig import WORKERS, DeliveryRig, RedisKind
from measure.chaos.delivery_steps import (
    PAST_RECOVERY_S,
    break_redis,
    cut_off,
    freeze_at,
    kill_at,
    slack_fails,
)
from measure.chaos.shared_parts import FAKETIME
from measure.chaos.tripwire import (
    APPENDED,
    EDITED,
    FOLDED_IN,
    IDENTITY_TAKEN,
    LET_GO,
    STORED,
    Wire,
    claimed,
    edited,
    posted,
    recorded,
)

RESTARTED = ("cluster-taken-out", "clock-off", "channel-archived/another-named")
"""Here every process of the bot is started anew."""

Play = Callable[[DeliveryRig], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class DeliveryChaos:
    """One thing that goes wrong.

    Args:
        name: What, and when.
        play: Does it and returns when it is over; it is begun just before the alerts.
        when: Begun before the alerts fire, or before they end.
        redis: Which Redis it is played on; of a pair, what the primary had taken may be lost.
        deaf: Whether Alertmanager can deliver nothing for a while.
        anew: Whether messages are rightly posted once more: the first was deleted, cannot be edited, or
            stands where Slack takes nothing.
        late: Whether an edit is carried out long after it was given up: nobody can keep it from showing an
            older state, until it is made again.
        lasts_s: How much longer than usual it takes.
    """

    name: str
    play: Play
    when: Literal["firing", "resolving"] = "firing"
    redis: RedisKind = "one"
    deaf: bool = False
    anew: bool = False
    late: bool = False
    lasts_s: float = 0.0


async def _nothing(_: DeliveryRig) -> None:
    """Do nothing."""


def _worker_killed() -> list[DeliveryChaos]:
    redis = {
        "before-identity": Wire(IDENTITY_TAKEN, "before"),
        "identity-taken": Wire(IDENTITY_TAKEN, "after"),
        "before-append": Wire(APPENDED, "before"),
        "appended": Wire(APPENDED, "after"),
        "before-folded-in": Wire(FOLDED_IN, "before"),
        "folded-in": Wire(FOLDED_IN, "after"),
        "headline-claimed": Wire(claimed("headline"), "after"),
        "headline-before-record": Wire(recorded("headline"), "before"),
        "headline-recorded": Wire(recorded("headline"), "after"),
        "findings-claimed": Wire(claimed("findings"), "after"),
        "findings-before-record": Wire(recorded("findings"), "before"),
        "let-go": Wire(LET_GO, "before"),
    }
    slack = {
        "headline-before-post": Wire(posted("headline"), "before"),
        "headline-posted": Wire(posted("headline"), "after"),
        "findings-posted": Wire(posted("findings"), "after"),
        "before-edit": Wire(EDITED, "before"),
        "edited": Wire(EDITED, "after"),
    }
    last = {"closed-posted": Wire(posted("closed"), "after")}
    return [
        DeliveryChaos(
            f"worker-killed/{name}",
            partial(kill_at, ways=ways, names=WORKERS, wire=wire),
            when="resolving" if wires is last else "firing",
        )
        for ways, wires in (("redis_ways", redis), ("slack_ways", slack), ("slack_ways", last))
        for name, wire in wires.items()
    ]


def _redis_broken() -> list[DeliveryChaos]:
    moments = {
        "store": Wire(STORED, "before"),
        "append": Wire(APPENDED, "after"),
        "claim": Wire(claimed("headline"), "after"),
        "record": Wire(recorded("headline"), "before"),
    }
    names: dict[str, Literal["kill", "freeze", "fail over"]] = {
        "killed": "kill",
        "frozen": "freeze",
        "failed-over": "fail over",
    }
    return [
        DeliveryChaos(
            f"redis-{name}/{moment}",
            partial(break_redis, wire=wire, how=how),
            redis="followed" if how == "fail over" else "one",
            deaf=True,
        )
        for name, how in names.items()
        for moment, wire in moments.items()
    ]


def _failed_over_by_sentinel() -> list[DeliveryChaos]:
    moments = {
        "headline-before-post": Wire(posted("headline"), "before"),
        "headline-posted": Wire(posted("headline"), "after"),
        "edited": Wire(EDITED, "after"),
    }
    return [
        DeliveryChaos(
            f"redis-failed-over-by-sentinel/{moment}",
            partial(break_redis, wire=wire, how="fail over", ways="slack_ways"),
            redis="asked for",
            deaf=True,
        )
        for moment, wire in moments.items()
    ]


def _slack_fails() -> list[DeliveryChaos]:
    kinds: dict[str, dict[str, Any]] = {
        "429": {"kind": of_slack.RATE_LIMITED, "times": 3, "retry_after_s": 4},
        "500": {"kind": of_slack.SERVER_ERROR, "times": 5},
        "504-but-done": {"kind": of_slack.GATEWAY_TIMEOUT, "times": 2},
        "answer-lost": {"kind": of_slack.ANSWER_LOST, "times": 2},
        "slow-3-s": {"kind": of_slack.SLOW, "times": 3, "delay_s": 3.0},
        "done-after-30-s": {"kind": of_slack.SLOW, "times": 1, "delay_s": 30.0},
        **{kind.replace("_", "-"): {"kind": kind, "times": 2} for kind in of_slack.UNREADABLE},
    }
    return [
        DeliveryChaos(
            f"slack/{method.split('.')[1]}/{name}",
            partial(slack_fails, method=method, **how),
            late=(method, name) == ("chat.update", "done-after-30-s"),
        )
        for method in ("chat.postMessage", "chat.update")
        for name, how in kinds.items()
    ]


def _from_outside(down_s: float) -> list[DeliveryChaos]:
    plays: dict[str, Play] = {
        "channel-archived": partial(outside.channel_archived, down_s=down_s),
        "token-revoked": partial(outside.token_revoked, down_s=down_s),
        "user-group-deleted": outside.group_deleted,
        "cluster-taken-out": outside.cluster_taken_out,
        "odd-alerts": outside.odd_alerts,
        **{
            f"clock-off/{offset}": partial(outside.clock_wrong, offset=offset)
            for offset in ("-1h", "+1h")
            if FAKETIME
        },
    }
    anew: dict[str, Play] = {
        "deleted/headline": outside.headline_deleted,
        "edits-forbidden": outside.edits_forbidden,
        "channel-archived/another-named": outside.channel_replaced,
    }
    return [
        *(
            DeliveryChaos(name, play, lasts_s=down_s, deaf=name.startswith(RESTARTED))
            for name, play in plays.items()
        ),
        *(
            DeliveryChaos(name, play, anew=True, deaf=name.startswith(RESTARTED))
            for name, play in anew.items()
        ),
        DeliveryChaos("deleted/reply", outside.reply_deleted, when="resolving", anew=True),
        *(
            DeliveryChaos(
                f"redis-takes-no-writes/{how}",
                partial(outside.redis_takes_no_writes, how=how, down_s=down_s),
                deaf=True,
                lasts_s=down_s,
            )
            for how in outside.TAKES_NO_WRITES
        ),
    ]


def known(down_s: float) -> tuple[DeliveryChaos, ...]:
    """Return every fault; `down_s` is how long what is down stays down."""
    web = {
        name: partial(kill_at, ways="redis_ways", names=("web",), wire=Wire(STORED, at)) for name, at in WEB
    }
    frozen = {
        "headline-claimed": partial(freeze_at, ways="redis_ways", wire=Wire(claimed("headline"), "after")),
        "before-post": partial(freeze_at, ways="slack_ways", wire=Wire(posted("headline"), "before")),
        "before-edit": partial(
            freeze_at, ways="slack_ways", wire=Wire(edited("north"), "before"), for_s=PAST_RECOVERY_S
        ),
    }
    slack, receiver = (partial(cut_off, what=what, down_s=down_s) for what in ("slack", "web"))
    return (
        DeliveryChaos("nothing", _nothing),
        *(DeliveryChaos(f"web-killed/{name}", play, deaf=True) for name, play in web.items()),
        *_worker_killed(),
        *(
            DeliveryChaos(f"worker-frozen/{name}", play, late=name == "before-edit")
            for name, play in frozen.items()
        ),
        *_redis_broken(),
        *_failed_over_by_sentinel(),
        *_slack_fails(),
        *_from_outside(down_s),
        DeliveryChaos("slack-down", slack, lasts_s=down_s),
        DeliveryChaos("slack-down/at-the-end", slack, when="resolving", lasts_s=down_s),
        DeliveryChaos("receiver-down", receiver, deaf=True, lasts_s=down_s),
        DeliveryChaos("receiver-down/at-the-end", receiver, when="resolving", lasts_s=down_s),
    )


WEB: tuple[tuple[str, Literal["before", "after"]], ...] = (("before-store", "before"), ("stored", "after"))
