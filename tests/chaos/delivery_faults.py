"""Everything that dies, stalls or refuses between Alertmanager and the thread, each at a chosen moment."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from lab.slack import faults as of_slack
from tests.chaos.delivery_rig import BOTS, WORKERS, DeliveryRig, RedisKind
from tests.chaos.redis_box import RedisBox, RedisPair
from tests.chaos.traps import until
from tests.chaos.tripwire import (
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

SPRUNG_WITHIN_S = 90.0
BACK_AFTER_S = 1.0
FROZEN_S = 8.0
PAST_THE_LEASE_S = 20.0
PAST_RECOVERY_S = 35.0
"""By then another worker has taken over, seen a leader hold, and said so: what comes now is old."""

Play = Callable[[DeliveryRig], Coroutine[Any, Any, None]]
Hit = Callable[[DeliveryRig, str], Awaitable[bool]]


@dataclass(frozen=True)
class DeliveryChaos:
    """One thing that goes wrong.

    Args:
        name: What, and when.
        play: Does it and returns when it is over; it is begun just before the alerts.
        when: Begun before the alerts fire, or before they end.
        redis: Which Redis it is played on; of a pair, what the primary had taken may be lost.
        deaf: Whether Alertmanager can deliver nothing for a while.
        late: Whether an edit is carried out long after it was given up: nobody can keep it from showing an
            older state, until it is made again.
    """

    name: str
    play: Play
    when: Literal["firing", "resolving"] = "firing"
    redis: RedisKind = "one"
    deaf: bool = False
    late: bool = False


async def _nothing(_: DeliveryRig) -> None:
    """Nothing."""


async def _sprung(rig: DeliveryRig, ways: str, names: tuple[str, ...], wire: Wire, hit: Hit) -> str:
    """Wait until one of these processes sends such a request; do to it what is to be done.

    Returns:
        The process.
    """
    event, who = asyncio.Event(), ""
    wires = {name: getattr(rig, ways)[name] for name in names}

    async def spring(name: str) -> bool:
        nonlocal who
        for each in wires.values():
            each.disarm()
        who = name
        goes_on = await hit(rig, name)
        event.set()
        return goes_on

    for name, way in wires.items():
        way.arm(wire, partial(spring, name))
    async with asyncio.timeout(SPRUNG_WITHIN_S):
        await event.wait()
    return who


async def _kill(rig: DeliveryRig, name: str) -> bool:
    await rig.bots[name].kill()
    return False


async def kill_at(rig: DeliveryRig, ways: str, names: tuple[str, ...], wire: Wire) -> None:
    """Kill -9 whichever of the processes comes to the wire first, and start it again."""
    name = await _sprung(rig, ways, names, wire, _kill)
    await asyncio.sleep(BACK_AFTER_S)
    await rig.start_bot(name)


async def freeze_at(rig: DeliveryRig, ways: str, wire: Wire, for_s: float = PAST_THE_LEASE_S) -> None:
    """A worker stands still past its lease, what it sent arrives as late, and it goes on."""

    async def freeze(rig: DeliveryRig, name: str) -> bool:
        rig.bots[name].signal(signal.SIGSTOP)
        await asyncio.sleep(for_s)
        rig.bots[name].signal(signal.SIGCONT)
        return True

    await _sprung(rig, ways, WORKERS, wire, freeze)


async def break_redis(
    rig: DeliveryRig,
    wire: Wire,
    how: Literal["kill", "freeze", "fail over"],
    ways: Literal["redis_ways", "slack_ways"] = "redis_ways",
) -> None:
    """Redis dies, or stands still, with a command of the bot's, or a call of Slack, under way."""

    async def hit(rig: DeliveryRig, _: str) -> bool:
        if how == "freeze":
            rig.redis.process.signal(signal.SIGSTOP)
        else:
            await rig.redis.process.kill()
        return how == "freeze" or ways == "slack_ways"

    before = rig.redis.master if isinstance(rig.redis, RedisPair) else None
    await _sprung(rig, ways, BOTS, wire, hit)
    if isinstance(rig.redis, RedisPair):
        pair = rig.redis
        await until(lambda: pair.master != before, 60, "Sentinel named no other master")
        return
    await asyncio.sleep(FROZEN_S if how == "freeze" else BACK_AFTER_S * 3)
    rig.redis.thaw()
    assert isinstance(rig.redis, RedisBox)
    await rig.redis.start()


async def slack_fails(rig: DeliveryRig, method: str, kind: str, **how: Any) -> None:
    """The next calls of a method go wrong."""
    fault = rig.slack.faults.fail(method, kind, **how)
    await until(lambda: fault not in rig.slack.faults.active, SPRUNG_WITHIN_S, f"no {method} came")
    await asyncio.sleep(how.get("delay_s", 0.0))


async def cut_off(rig: DeliveryRig, what: Literal["slack", "web"], down_s: float) -> None:
    """Slack, or the bot's web side, is down for a while."""
    if what == "web":
        await rig.bots["web"].stop()
        await asyncio.sleep(down_s)
        await rig.start_bot("web")
        return
    for way in rig.slack_ways.values():
        way.cut()
    await asyncio.sleep(down_s)
    for way in rig.slack_ways.values():
        way.mend()


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
    names = {"killed": "kill", "frozen": "freeze", "failed-over": "fail over"}
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


def known(down_s: float) -> tuple[DeliveryChaos, ...]:
    """Every fault; `down_s` is for how long what is down stays down."""
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
        DeliveryChaos("slack-down", slack),
        DeliveryChaos("slack-down/at-the-end", slack, when="resolving"),
        DeliveryChaos("receiver-down", receiver, deaf=True),
        DeliveryChaos("receiver-down/at-the-end", receiver, when="resolving"),
    )


WEB: tuple[tuple[str, Literal["before", "after"]], ...] = (("before-store", "before"), ("stored", "after"))
