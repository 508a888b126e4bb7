"""`neumann-bot replay`: a past incident's readings, judged again by today's rules."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import DEFAULT_CONFIG, ConfigOption
from bot.cli.output import say
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
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge a past incident's evidence again by today's rules, and show what changed."""
    asyncio.run(_replay(config, incident))


async def _replay(config: Path, incident_id: str) -> None:
    settings = load(config)
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
    for read, then in judged:
        if not read.evidence.complete and read.evidence.started_at in whole:
            continue  # what had come of a reading that was read to its end
        changed = evidence_document.changes(then, diagnosis_of(runbook, read.evidence))
        say(f"{read.at:%Y-%m-%d %H:%M:%S} {then.summary}")
        for line in changed or ("the same today",):
            say(f"  {line}")
    if not judged:
        say(f"{incident_id} holds no evidence.")
