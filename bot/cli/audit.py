"""`neumann-bot audit`: check timelines, and take one that was tampered with out of the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot import clients
from bot.cli.audit_check import Audit, AuditReport
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.config import Settings, load
from bot.store.client import connect_to
from bot.store.mac_chain import Chain
from bot.store.retention import Retention
from bot.store.timelines import TimelineStore
from handlers.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Check that timelines are what the bot wrote.")
IncidentArgument = Annotated[str, typer.Argument(help="The incident's id, such as inc-7-k3xqf.")]


@app.command()
def verify(
    incident: IncidentArgument = "",
    every: Annotated[bool, typer.Option("--all", help="Check every incident there was.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Check every event's MAC and place, and ask the nodes' ledgers about every action."""
    if bool(incident) == every:
        raise Refused("Name one incident, or give --all.")
    sound = True
    reports = []
    for report in asyncio.run(_verify(config, incident)):
        sound = sound and not report.faults
        reports.append(asdict(report) | {"sound": report.is_sound})
        if not as_json:
            say(report)
    if as_json:
        say_json(json.dumps({"incidents": reports}, indent=2, ensure_ascii=False))
    raise typer.Exit(0 if sound else 1)


@app.command()
def set_aside(incident: IncidentArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Take an incident that was tampered with out of the way: the next alert opens a new one.

    Look at the nodes before: what the incident was doing is not gone on with.
    """
    asyncio.run(_set_aside(config, incident))
    say(f"{incident} is set aside and still stored; the next alert opens a new incident.")


async def _verify(config: Path, incident_id: str) -> list[AuditReport]:
    settings = load(config)
    async with retained(settings) as retention, clients.reader(settings) as (_, agents):
        store = retention.store
        audit = Audit(store, agents, retention)
        return [await audit.of(each) for each in ([incident_id] if incident_id else await store.given_out())]


async def _set_aside(config: Path, incident_id: str) -> None:
    async with retained(load(config)) as retention:
        if not (await retention.store.walk(incident_id)).faults:
            raise Refused(f"The timeline of {incident_id} is not tampered with; the bot goes on with it.")
        await retention.store.set_aside(incident_id)


@asynccontextmanager
async def retained(settings: Settings) -> AsyncIterator[Retention]:
    """Open the timelines, with which of them are closed or trimmed."""
    chain = Chain.of(settings.agents)
    async with contextlib.aclosing(connect_to(settings.redis)) as redis:
        store = TimelineStore(redis, settings.redis.prefix, chain)
        yield Retention(redis, settings.redis.prefix, store, chain)
