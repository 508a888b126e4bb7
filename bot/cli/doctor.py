"""`neumann-bot doctor`: everything that stands between an alert and its thread, asked live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from bot import add_ons
from bot import main as wiring
from bot.cli import terminal
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.cli.screens import checks as screens
from bot.cli.usable_parts import Parts, parts_of, told_wrong
from bot.config import Settings, load
from bot.doctor.canary import Canary, keep_flying
from handlers.commands import resolve_cluster
from handlers.errors import Refused
from handlers.ports.doctor import Examined

EXIT_WRONG, EXIT_UNREAD = 1, 3
LEG_TIMEOUTS_S = (1.0, 3600.0)
LEG_TIMEOUT_S = 180.0
"""Scrape, evaluation, grouping and their intervals, as shipped, take a minute; a slow set-up takes two."""


def doctor(
    *,
    canary: Annotated[
        bool, typer.Option("--canary", help="Also send a test alert all the way; it opens a thread in Slack.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Send the test alert again and again, as canary_every_min says.")
    ] = False,
    cluster: Annotated[str, typer.Option(help="The canary's cluster, before canary_cluster.")] = "",
    timeout_s: Annotated[
        float, typer.Option(help="How long each leg of the canary may take.")
    ] = LEG_TIMEOUT_S,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Ask Slack, Redis, the agents, Prometheus and Alertmanager whether an alert would get through.

    It does what `check` does, and goes on from there. What is wrong is said with its mend.
    """
    settings = load(config)
    add_ons.register(settings.runbooks)  # the rules are asked for by their alerts; the doctor names the rest
    if watch and settings.doctor.canary_every_s is None:
        raise Refused(
            "How often? Set canary_every_min in [doctor], such as 60; then the bot's metrics say so."
        )
    if (canary or watch) and not (settings.prometheus and settings.alertmanager):
        raise Refused(
            "The canary's legs are seen in Prometheus and Alertmanager: configure both sections first."
        )
    if not LEG_TIMEOUTS_S[0] <= timeout_s <= LEG_TIMEOUTS_S[1]:
        raise Refused(f"--timeout-s takes {LEG_TIMEOUTS_S[0]:g} to {LEG_TIMEOUTS_S[1]:g} seconds.")
    if cluster or canary:
        cluster = canary_of(settings, cluster)
    if watch:
        asyncio.run(_watch(settings, cluster or settings.doctor.canary_cluster, timeout_s))
    raise typer.Exit(asyncio.run(_examine(settings, cluster if canary else None, timeout_s, as_json=as_json)))


def canary_of(settings: Settings, asked: str) -> str:
    """Return the cluster that the canary flies for: the one asked for, the configured one, or the only one.

    Raises:
        UnknownCluster: If it is none of those, or there are several.
    """
    names = tuple(each.name for each in settings.clusters)
    return resolve_cluster(names, asked or settings.doctor.canary_cluster)


async def _examine(settings: Settings, canary_of: str | None, timeout_s: float, *, as_json: bool) -> int:
    found: list[Examined] = []
    async with parts_of(settings) as parts:
        async for finding in _findings(settings, parts, canary_of, timeout_s):
            found.append(finding)
            if not as_json:
                _say(finding)
    if as_json:
        say_json(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    else:
        wrong = sum(not each.is_well for each in found)
        unasked = sum(each.not_asked is not None for each in found)
        unread = sum(each.not_read is not None for each in found)
        terminal.show(lambda look: screens.verdict(wrong, unasked, unread, look))
    return exit_code(found)


def exit_code(found: Sequence[Examined]) -> int:
    """Return what a job goes by: something is wrong, or was asked and not read, or neither."""
    if any(not each.is_well for each in found):
        return EXIT_WRONG
    return EXIT_UNREAD if any(each.not_read is not None for each in found) else 0


async def _findings(
    settings: Settings, parts: Parts, canary_of: str | None, timeout_s: float
) -> AsyncIterator[Examined]:
    """Yield what keeps the bot from its start, what the doctor finds all the same, then the canary's legs."""
    for wrong in told_wrong(settings, parts.why_not) if parts.why_not else ():
        yield wrong
    async for finding in parts.doctor.examine():
        yield finding
    if canary_of is None:
        return
    if parts.bot is None:
        yield Examined("Canary", "a test alert", not_asked="the bot cannot start")
        return
    bot = parts.bot
    async for leg in Canary(bot.redis, settings.redis.prefix, bot.ports, canary_of, timeout_s).fly():
        yield leg


def _say(finding: Examined) -> None:
    terminal.show(lambda look: screens.line(finding.state, f"{finding.state:<5}", finding.says, look))


async def _watch(settings: Settings, cluster: str, timeout_s: float) -> None:
    """Let the canary fly until the process is ended; each flight's legs are printed with their time."""
    every_s = settings.doctor.canary_every_s
    assert every_s  # noqa: S101  the caller has looked
    async with wiring.build(settings) as bot:
        chosen = cluster or bot.ports.reader.clusters[0]

        def canary() -> Canary:
            return Canary(bot.redis, settings.redis.prefix, bot.ports, chosen, timeout_s)

        def tell(leg: Examined) -> None:
            say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {leg.state:<4} {leg.says}", err=not leg.is_well)

        await keep_flying(lambda: canary().fly(), every_s, tell)
