"""`neumann-bot replay`: past incidents' readings, judged again by today's rules."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot import add_ons
from bot.cli import terminal
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.cli.screens.replay import JudgedAgain
from bot.cli.screens.replay import replay as screen
from bot.config import load
from bot.store.client import connect_to
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import OF_ALERT, UNCONFIGURED
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.evidence import document as evidence_document
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.errors import Quarantined, Refused
from handlers.judging import diagnosis_of
from runbooks.all_runbooks import RUNBOOKS, of_alert
from runbooks.model import Runbook
from runbooks.wording import counted


def replay(
    incident: Annotated[str, typer.Argument(help="The incident's id, such as inc-7-k3xqf.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Judge every incident that is kept.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge past incidents' evidence again by today's rules, and show what changed.

    With --all only what would be said otherwise is shown, and the exit code is 1 where anything would.
    """
    if bool(incident) == every:
        raise Refused("Name one incident, or give --all.")
    left_out = 0
    if every:
        judged, left_out = asyncio.run(_every_judged_again(config))
    else:
        judged = asyncio.run(_one_judged_again(config, incident))
    if as_json:
        again = [
            {
                "incident": name,
                "judged": [{"at": r.at.isoformat(), "then": r.then, "changes": r.changes} for r in readings],
            }
            for name, readings in judged.items()
        ]
        say_json(json.dumps(again if every else again[0], indent=2, ensure_ascii=False))
    elif every:
        _tell_changed(judged, left_out)
    elif judged[incident]:
        terminal.show(lambda look: screen(judged[incident], look))
    else:
        say(f"{incident} holds no evidence.")
    if every and any(each.changes for readings in judged.values() for each in readings):
        raise typer.Exit(1)


def _tell_changed(judged: Mapping[str, list[JudgedAgain]], left_out: int) -> None:
    """Print each incident with the readings that would be judged otherwise today."""
    read = sum(map(len, judged.values()))
    changed = {
        name: differing
        for name, readings in judged.items()
        if (differing := [each for each in readings if each.changes])
    }
    for name, readings in changed.items():
        say(f"{name}")
        terminal.show(partial(screen, readings))
    otherwise, incidents = sum(map(len, changed.values())), counted(len(judged), "incident")
    but = f" {counted(left_out, 'incident')} left out." if left_out else ""
    say(f"{counted(read, 'reading')} of {incidents}: {otherwise} judged otherwise today.{but}")


async def _one_judged_again(config: Path, incident_id: str) -> dict[str, list[JudgedAgain]]:
    async with _timelines(config) as store:
        events = await store.timeline(incident_id)
    if not events:
        raise Refused(f"There is no incident {incident_id}.")
    if (again := judged_again(incident_id, events)) is None:
        raise Refused(f"{incident_id} belongs to no runbook, so there is nothing to judge it by.")
    return {incident_id: again}


async def _every_judged_again(config: Path) -> tuple[dict[str, list[JudgedAgain]], int]:
    """Judge what is kept of every incident, and count those that are left out.

    Named are those that were tampered with or trimmed, and those whose runbook is not loaded.
    """
    judged: dict[str, list[JudgedAgain]] = {}
    left_out = 0
    async with _timelines(config) as store:
        ids = await store.given_out()
        with terminal.progress("Judging", len(ids)) as judged_one:
            for incident_id in ids:
                try:
                    again = judged_again(incident_id, await store.timeline(incident_id))
                except (Quarantined, RunbookNotLoaded) as error:
                    say(f"{incident_id} is left out: {error}", err=True)
                    left_out += 1
                else:
                    judged |= {incident_id: again} if again else {}
                judged_one()
    return judged, left_out


@asynccontextmanager
async def _timelines(config: Path) -> AsyncIterator[TimelineStore]:
    settings = load(config)
    add_ons.register(settings.runbooks)
    async with contextlib.aclosing(connect_to(settings.redis)) as redis:
        yield TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))


class RunbookNotLoaded(Refused):
    """The incident's runbook is none of those that are loaded."""


def _runbook_of(incident: Incident) -> Runbook | None:
    """Return the runbook that judges an incident; of alerts that had none, the one that takes them today."""
    if incident.runbook in RUNBOOKS:
        return RUNBOOKS[incident.runbook]
    if not incident.runbook or incident.runbook == UNCONFIGURED:
        return None
    if incident.runbook.startswith(OF_ALERT):
        found = (of_alert(alert.name, alert.labels) for alert in incident.alerts.values())
        return next(filter(None, found), None)
    raise RunbookNotLoaded(f"Its runbook {incident.runbook} is not loaded; name it in `runbooks`.")


def judged_again(incident_id: str, events: Sequence[Event]) -> list[JudgedAgain] | None:
    """Return each reading of an incident as it is judged today; `None` where it belongs to no runbook.

    Raises:
        RunbookNotLoaded: If it was judged by one that the configuration does not name.
    """
    runbook = _runbook_of(fold(incident_id, events))
    if runbook is None:
        return None
    judged = [
        (read, ranked.diagnosis)
        for read, ranked in itertools.pairwise(events)
        if isinstance(read, EvidenceRead) and isinstance(ranked, FindingsRanked)
    ]
    whole = {read.evidence.started_at for read, _ in judged if read.evidence.complete}
    with add_ons.printing_aside():
        return [
            JudgedAgain(
                read.at, then.summary, evidence_document.changes(then, diagnosis_of(runbook, read.evidence))
            )
            for read, then in judged
            # What had come of a reading that was read to its end is no reading of its own.
            if read.evidence.complete or read.evidence.started_at not in whole
        ]
