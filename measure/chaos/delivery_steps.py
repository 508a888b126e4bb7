"""What is done to bot, Redis, Slack and the ways between, each at a chosen moment of a delivery."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal

from measure.chaos.delivery_rig import BOTS, WORKERS, DeliveryRig
from measure.chaos.traps import until
from measure.chaos.tripwire import Wire
from tests.redis_box import RedisBox, RedisPair

SPRUNG_WITHIN_S = 90.0
BACK_AFTER_S = 1.0
FROZEN_S = 8.0
PAST_THE_LEASE_S = 20.0
PAST_RECOVERY_S = 35.0
"""By then another worker has taken over, seen a leader hold, and said so: what comes now is old."""

Hit = Callable[[DeliveryRig, str], Awaitable[bool]]
"""Done to a process; whether what it sent goes on then."""


async def sprung(rig: DeliveryRig, ways: str, names: tuple[str, ...], wire: Wire, hit: Hit) -> str:
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
    name = await sprung(rig, ways, names, wire, _kill)
    await asyncio.sleep(BACK_AFTER_S)
    await rig.start_bot(name)


async def freeze_at(rig: DeliveryRig, ways: str, wire: Wire, for_s: float = PAST_THE_LEASE_S) -> None:
    """Freeze a worker past its lease; what it had sent arrives late, and it goes on."""

    async def freeze(rig: DeliveryRig, name: str) -> bool:
        rig.bots[name].signal(signal.SIGSTOP)
        await asyncio.sleep(for_s)
        rig.bots[name].signal(signal.SIGCONT)
        return True

    await sprung(rig, ways, WORKERS, wire, freeze)


async def break_redis(
    rig: DeliveryRig,
    wire: Wire,
    how: Literal["kill", "freeze", "fail over"],
    ways: Literal["redis_ways", "slack_ways"] = "redis_ways",
) -> None:
    """Kill or freeze Redis while a command of the bot, or a call of Slack, is under way."""

    async def hit(rig: DeliveryRig, _: str) -> bool:
        if how == "freeze":
            rig.redis.process.signal(signal.SIGSTOP)
        else:
            await rig.redis.process.kill()
        return how == "freeze" or ways == "slack_ways"

    before = rig.redis.master if isinstance(rig.redis, RedisPair) else None
    await sprung(rig, ways, BOTS, wire, hit)
    if isinstance(rig.redis, RedisPair):
        pair = rig.redis
        await until(lambda: pair.master != before, 60, "Sentinel named no other master")
        return
    await asyncio.sleep(FROZEN_S if how == "freeze" else BACK_AFTER_S * 3)
    rig.redis.thaw()
    assert isinstance(rig.redis, RedisBox)
    await rig.redis.start()


async def slack_fails(rig: DeliveryRig, method: str, kind: str, **how: Any) -> None:
    """Let the next calls of a method go wrong."""
    fault = rig.slack.faults.fail(method, kind, **how)
    await until(lambda: fault not in rig.slack.faults.active, SPRUNG_WITHIN_S, f"no {method} came")
    await asyncio.sleep(how.get("delay_s", 0.0))


async def cut_off(rig: DeliveryRig, what: Literal["slack", "web"], down_s: float) -> None:
    """Take Slack, or the bot's web side, down for a while."""
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
