"""An older Redis is put back after a run and its undo: what was undone stays so, nothing is begun anew."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Literal

from bot import main as wiring
from bot.config import load
from handlers.authorization import Click, Submission
from handlers.domain.events.base import Person
from handlers.errors import Refused
from handlers.remediation import propose
from measure.chaos import remedies
from measure.chaos.faults import Chaos
from measure.chaos.remedies import REMEDIES
from measure.chaos.rig import Rig
from measure.chaos.steps import AWAY_S

WIDER = REMEDIES[2]
Copied = Literal["confirmed", "stopped"]
COPIED: tuple[Copied, ...] = ("confirmed", "stopped")
"""When the copy was made: with the run under way, or stopped and its undo on offer."""

SLOW_S = 0.5
"""So long each word to an agent takes while the copy is made, so that nothing is begun in it."""


async def before(rig: Rig) -> None:
    """Let the first restart have no effect, so that the run stops there, and make the agents far away."""
    await remedies.before(rig, WIDER, "effect-missing", 0)
    for relay in rig.relays.values():
        relay.hold_s = SLOW_S


async def play(rig: Rig, *, copied: Copied) -> None:
    """Copy Redis while the run is confirmed and nothing is begun, or once it has stopped."""
    await rig.timeline.until("plan_confirmed")
    if copied == "confirmed":
        _copy(rig)
    for relay in rig.relays.values():
        relay.hold_s = 0.0
    await rig.timeline.until("run_ended", timeout_s=remedies.ENDED_WITHIN_S)
    if copied == "stopped":
        await asyncio.sleep(AWAY_S)  # until its button stands in the thread
        _copy(rig)


def _copy(rig: Rig) -> None:
    rig.copied_at = len(rig.timeline.now)
    rig.box.copy_to(rig.folder / "backup")


async def after(rig: Rig, *, forgets: bool) -> list[str]:
    """Undo the run, put the copy back, press undo again, and return what came of it that must not.

    Args:
        rig: What is played on.
        forgets: Whether the bot is killed too, so that nobody remembers the longer timeline.
    """
    found = await remedies.after(rig, "effect-missing", 0)
    effects = rig.witness.effects()
    if forgets:
        await rig.bots["serve"].kill()
    await rig.box.restore(rig.folder / "backup")
    if forgets:
        await rig.start_bot("serve")
    await rig.timeline.until_back(rig.copied_at + 1)
    await rig.timeline.until("run_ended", timeout_s=remedies.ENDED_WITHIN_S)
    ended = rig.timeline.all("run_ended")[0]
    if ended["completed"]:
        found.append(f"the run that was undone counts as completed: {ended['detail']}")
    said = await _undo_again(rig, str((ended["undo"] or {}).get("handle", "none")))
    await asyncio.sleep(AWAY_S)
    rig.witness.sample()
    print(f"{ended['detail']} The click on undo gave: {said}", file=sys.stderr)
    if changed := rig.witness.effects() - effects:
        found.append(f"after the restore the nodes felt {dict(changed)}; the click on undo gave {said}")
    return found


async def _undo_again(rig: Rig, handle: str) -> str:
    """Ask for the undo by its handle, whatever the thread shows, confirm it, and return what came of it."""
    async with wiring.build(load(rig.folder / "bot" / "neumann-bot.toml")) as bot:
        (incident,) = await bot.ports.timelines.open_incidents()
        place = await bot.ports.threads.place_of(incident)
        assert place
        by = Person(id=rig.slack.workspace.user("alice").id, name="alice", team=place.team)
        try:
            _, shown = await propose.propose(bot.ports, Click(handle=handle, by=by, place=place))
            submitted = Submission(
                handle=shown.handle, by=by, app=place.app, team=place.team, shown=shown.handle
            )
            await propose.confirm(bot.ports, submitted)
        except Refused as refused:
            return f"refused: {refused}"
    await rig.timeline.until("run_ended", 2, timeout_s=remedies.UNDONE_WITHIN_S)
    return f"a run: {rig.timeline.all('run_ended')[1]['detail']}"


UNDONE: tuple[Chaos, ...] = tuple(
    Chaos(
        f"redis-restored-after-undo/{copied}-{'bot-restarted' if forgets else 'bot-remembers'}",
        partial(play, copied=copied),
        fault=WIDER.fault,
        remedy=WIDER.name,
        before=before,
        after=partial(after, forgets=forgets),
        ends=("stopped",),
    )
    for copied in COPIED
    for forgets in (True, False)
)
