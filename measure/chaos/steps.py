"""What is done to bot, agents, Redis and the links between, each at a chosen moment of a confirmed run."""

from __future__ import annotations

import asyncio
import random
import signal

from measure.chaos.on_call import OnCall
from measure.chaos.rig import Rig
from measure.chaos.traps import At, until
from tests.redis_box import RedisPair

HELD_WITHIN_S = 90.0
AWAY_S = 3.0
PAST_THE_LEASE_S = 22.0
PAST_ASKING_S = 100.0
"""A lost answer is asked about for 30 s, anew by a worker that takes over; then the outcome is unknown."""


async def kill_bot(rig: Rig, event: str, number: int, *, bot: str = "serve") -> None:
    """Kill -9 the bot a moment after an event is on disk, and start it again."""
    await rig.timeline.until(event, number)
    await asyncio.sleep(random.uniform(0, 0.03))
    await rig.bots[bot].kill()
    await asyncio.sleep(1.0)
    await rig.start_bot(bot)


async def kill_worker_beside_another(rig: Rig, event: str, number: int) -> None:
    """Kill -9 the worker that has the run; another one goes on when the lease has run out."""
    await rig.timeline.until(event, number)
    await rig.bots["worker"].kill()
    rig.down.add("worker")
    await rig.start_bot("worker2")
    rig.down.discard("worker2")


async def freeze_worker(rig: Rig, event: str, number: int) -> None:
    """Freeze a worker past its lease; another takes over, and the first wakes and goes on."""
    await rig.timeline.until(event, number)
    rig.bots["worker"].signal(signal.SIGSTOP)
    rig.down.discard("worker2")
    await rig.start_bot("worker2")
    await asyncio.sleep(PAST_THE_LEASE_S)
    rig.bots["worker"].signal(signal.SIGCONT)


async def slow_link(rig: Rig, place: int = 0) -> None:
    """Slow the link to the agent down, so that what is on its way can be hit."""
    rig.relays[rig.nodes_of_plan()[place]].hold_s = 0.4


async def kill_prepared_agent(rig: Rig) -> None:
    """Kill -9 the agent when it has given its nonce and the grant is on its way."""
    node = rig.nodes_of_plan()[0]
    await until(lambda: "PREPARED" in rig.witness.states(node), HELD_WITHIN_S, "nothing was prepared")
    await rig.lab.agents[node].kill()
    await asyncio.sleep(AWAY_S)
    rig.relays[node].mend()
    await rig.lab.agents[node].start()


async def set_trap(rig: Rig, verb: str, at: At, place: int = 0) -> None:
    """Stop the command that acts on one of the plan's nodes before or after its effect."""
    rig.traps[rig.nodes_of_plan()[place]].set(verb, at)


async def kill_acting_agent(rig: Rig, *, late: bool, place: int = 0) -> None:
    """Kill -9 the agent while its command stands in the trap; the command dies too, or acts later."""
    node = rig.nodes_of_plan()[place]
    await rig.traps[node].until_held(HELD_WITHIN_S)
    await rig.lab.agents[node].kill()
    if not late:
        rig.traps[node].kill_held()
    await asyncio.sleep(AWAY_S)
    await rig.lab.agents[node].start()
    await asyncio.sleep(1.0)
    rig.traps[node].release()


async def cut_answer(rig: Rig, away_s: float) -> None:
    """Cut the connection after the action had its effect, before the answer is through."""
    node = rig.nodes_of_plan()[0]
    await rig.traps[node].until_held(HELD_WITHIN_S)
    rig.relays[node].cut()
    rig.traps[node].release()
    await asyncio.sleep(away_s)
    rig.relays[node].mend()


async def kill_redis(rig: Rig, event: str, number: int) -> None:
    """Kill -9 Redis a moment after an event is written, and start it on its append-only file."""
    await rig.timeline.until(event, number)
    await rig.box.kill()
    await asyncio.sleep(AWAY_S)
    await rig.box.start()


async def freeze_redis(rig: Rig, event: str, number: int) -> None:
    """Freeze Redis for longer than a command may take."""
    await rig.timeline.until(event, number)
    rig.box.freeze()
    await asyncio.sleep(8.0)
    rig.box.thaw()


async def back_up_redis(rig: Rig) -> None:
    """Copy Redis before the confirmation; somebody else has the same plan on the screen by then."""
    async with OnCall(rig, "carol") as carol:
        await carol.open_plan("start_nodes")
    await rig.timeline.until("plan_proposed", 2)
    rig.copied_at = len(rig.timeline.now)
    rig.box.copy_to(rig.folder / "backup")


async def restore_redis(rig: Rig, event: str, number: int, *, later_s: float = 0.0) -> None:
    """Put Redis back to the copy, at once or when the thread shows what has happened."""
    await rig.timeline.until(event, number)
    await asyncio.sleep(later_s)
    await rig.box.restore(rig.folder / "backup")
    await rig.timeline.until_back(rig.copied_at + 1)


async def restore_redis_mid_run(rig: Rig, event: str, number: int) -> None:
    """Put Redis back to a copy from after the confirmation: the run comes again, its actions must not."""
    await rig.timeline.until("plan_confirmed")
    length = len(rig.timeline.now)
    rig.box.copy_to(rig.folder / "backup")
    await rig.timeline.until(event, number)
    await rig.box.restore(rig.folder / "backup")
    await rig.timeline.until_back(length + 2)


async def confirm_old_plan(rig: Rig) -> list[str]:
    """Submit the modal that was opened before the restore: nothing may come of it."""
    before = rig.witness.effects()
    async with OnCall(rig, "carol") as carol:
        view = await carol.modal()
        if view is None:
            return ["the old plan is not on the screen"]
        said = await carol.confirm(view)
    await asyncio.sleep(AWAY_S)
    changed = rig.witness.effects() - before
    found = [f"the old plan had effects: {dict(changed)}"] if changed else []
    return found + ([] if said else ["the plan from before the restore was accepted"])


async def fail_over(rig: Rig, event: str, number: int) -> None:
    """Kill -9 the master; Sentinel makes the replica one."""
    assert isinstance(rig.redis, RedisPair)
    await rig.timeline.until(event, number)
    before = rig.redis.master
    await rig.redis.process.kill()
    pair = rig.redis
    await until(lambda: pair.master != before, 60, "Sentinel named no other master")
