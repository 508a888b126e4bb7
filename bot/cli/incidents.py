"""`neumann-bot incidents`: a month of them, and timelines as JSON lines, to keep beyond the retention."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot.cli.audit import retained
from bot.cli.month import month
from bot.cli.options import DEFAULT_CONFIG, ConfigOption
from bot.cli.output import say_json
from bot.config import Settings, load
from bot.store.mac_chain import MacLink
from handlers.errors import Refused

app = typer.Typer(no_args_is_help=True, help="Look back on past incidents, or take them out of Redis.")


@app.callback()
def about() -> None:
    """Look back on past incidents, or take them out of Redis."""


app.command()(month)


@app.command()
def export(
    incident: Annotated[str, typer.Argument(help="The incident's id, such as inc-7-k3xqf.")] = "",
    closed_before: Annotated[
        datetime | None, typer.Option(help="Every incident that was closed before this (UTC).")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write events as they are stored, genuine or not, as JSON lines: incident, position, MAC, event."""
    if bool(incident) == bool(closed_before):
        raise Refused("Name one incident, or give --closed-before DATE.")
    asyncio.run(_export(load(config), incident, closed_before))


async def _export(settings: Settings, incident: str, closed_before: datetime | None) -> None:
    async with retained(settings) as retention:
        if closed_before:
            moment = closed_before if closed_before.tzinfo else closed_before.replace(tzinfo=UTC)
            ids = await retention.closed_before(moment)
        else:
            ids = (incident,)
        for incident_id in ids:
            links = (await retention.store.walk(incident_id)).links
            if incident and not links:
                raise Refused(f"There is no incident {incident}, or it has been trimmed.")
            for link in links:
                say_json(line(incident_id, link))


def line(incident_id: str, link: MacLink) -> str:
    """Return one event as a JSON line.

    The event is its own bytes, since the MAC is over them; where they are no JSON it is a string.
    """
    event = link.event.decode(errors="replace")
    if not _is_json_line(event):
        event = json.dumps(event)
    fields = {"incident": incident_id, "position": link.position, "mac": link.mac}
    return f'{json.dumps(fields)[:-1]}, "event": {event}}}'


def _is_json_line(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return "\n" not in text
