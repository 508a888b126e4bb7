"""`neumann-bot replay`: a past incident's readings, judged again by today's rules."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
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
from handlers.domain import evidence_document
from handlers.domain.events.diagnosis import EvidenceRead, FindingsRanked
from handlers.domain.fold import fold
from handlers.errors import Refused
from handlers.judging import diagnosis_of
from runbooks.all_runbooks import RUNBOOKS


def replay(
    incident: Annotated[str, typer.Argument(help="The incident's id, such as inc-7-k3xqf.")],
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge a past incident's evidence again by today's rules, and show what changed."""
    judged = asyncio.run(_judged_again(config, incident))
    if as_json:
        again = [{"at": each.at.isoformat(), "then": each.then, "changes": each.changes} for each in judged]
        say_json(json.dumps({"incident": incident, "judged": again}, indent=2, ensure_ascii=False))
    elif judged:
        terminal.show(lambda look: screen(judged, look))
    else:
        say(f"{incident} holds no evidence.")


async def _judged_again(config: Path, incident_id: str) -> list[JudgedAgain]:
    settings = load(config)
    add_ons.register(settings.runbooks)
    async with contextlib.aclosing(connect_to(settings.redis)) as redis:
        store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
        events = await store.timeline(incident_id)
    if not events:
        raise Refused(f"There is no incident {incident_id}.")
    runbook = RUNBOOKS.get(fold(incident_id, events).runbook)
    if runbook is None:
        raise Refused(f"{incident_id} belongs to no runbook, so there is nothing to judge it by.")
    judged = [
        (read, ranked.diagnosis)
        for read, ranked in itertools.pairwise(events)
        if isinstance(read, EvidenceRead) and isinstance(ranked, FindingsRanked)
    ]
    whole = {read.evidence.started_at for read, _ in judged if read.evidence.complete}
    return [
        JudgedAgain(
            read.at, then.summary, evidence_document.changes(then, diagnosis_of(runbook, read.evidence))
        )
        for read, then in judged
        # What had come of a reading that was read to its end is no reading of its own.
        if read.evidence.complete or read.evidence.started_at not in whole
    ]
