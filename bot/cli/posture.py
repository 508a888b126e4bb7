"""`neumann-bot posture`: what a cluster may lose, and what could become the next incident."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer

from bot import clients
from bot.cli import terminal
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.cli.screens.posture import posture as screen
from bot.config import Settings, load
from bot.store.client import connect_to
from bot.store.postures import PostureStore
from handlers import commands, judging
from handlers.domain.posture import watch as posture_watch
from handlers.domain.posture.watch import Mutes, Standing
from handlers.errors import StoreDown
from runbooks.posture.model import Posture
from runbooks.posture.rules import RULES
from runbooks.posture.samples import Sample

WORSE = 1
"""The exit code where a line is critical or a warning, for a job that runs this by itself."""


def posture(
    cluster: Annotated[str, typer.Argument(help="Which cluster; not needed where there is one.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Read every node live and say what the cluster may lose and what could become the next incident.

    It needs no Slack. Trends and mutes are in the bot's Redis; without it they are not known.
    """
    read = asyncio.run(_read(config, cluster))
    if as_json:
        say_json(json.dumps(as_document(read), indent=2, ensure_ascii=False))
    else:
        terminal.show(lambda look: screen(read, look))
    if any(line.severity.is_told and not line.is_muted(read.at) for line in read.lines):
        raise typer.Exit(WORSE)


async def _read(config: Path, asked: str) -> Posture:
    settings = load(config)
    async with clients.reader(settings) as (reader, _):
        cluster = commands.resolve_cluster(reader.clusters, asked)
        evidence = await reader.read(cluster)
        inventory = reader.inventory(cluster)
    try:
        samples, standing, mutes = await _kept(settings, cluster)
    except StoreDown as error:
        say(f"Without what the bot keeps in Redis no trend is known: {error}", err=True)
        samples, standing, mutes = (), Standing(), {}
    return posture_watch.dated(judging.posture_of(evidence, inventory, samples), standing, mutes)


async def _kept(settings: Settings, cluster: str) -> tuple[tuple[Sample, ...], Standing, Mutes]:
    async with contextlib.aclosing(connect_to(settings.redis)) as redis:
        store = PostureStore(redis, settings.redis.prefix)
        return await store.samples(cluster), await store.standing(cluster), await store.mutes(cluster)


def as_document(read: Posture) -> dict[str, object]:
    """Return the posture as JSON: each line with its rule and the rule's source."""
    return {
        "cluster": read.cluster,
        "at": read.at.isoformat(),
        "samples": read.samples,
        "sampled_since": read.sampled_since.isoformat() if read.sampled_since else None,
        "lines": [
            {
                **line.model_dump(mode="json"),
                "rule": RULES[line.check].sentence,
                "source": RULES[line.check].source,
            }
            for line in read.lines
        ],
    }
