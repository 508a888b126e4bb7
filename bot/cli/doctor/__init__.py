"""`neumann-bot doctor`: everything that stands between an alert and its thread, asked live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated

import typer

from bot import main as wiring
from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import PrometheusClient
from bot.cli import outside as checked
from bot.cli import terminal
from bot.cli.doctor import alerting, outside
from bot.cli.doctor.canary import Canary
from bot.cli.doctor.findings import Finding
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say_json
from bot.cli.screens import checks as screens
from bot.config import Settings, load
from handlers.commands import resolve_cluster
from handlers.errors import Refused

LEG_TIMEOUTS_S = (1.0, 3600.0)
LEG_TIMEOUT_S = 180.0
"""Scrape, evaluation, grouping and their intervals, as shipped, take a minute; a slow set-up takes two."""


def doctor(
    canary: Annotated[
        bool, typer.Option("--canary", help="Also send a test alert all the way; it opens a thread in Slack.")
    ] = False,
    cluster: Annotated[str, typer.Option(help="The canary's cluster; not needed where there is one.")] = "",
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
    if canary and not (settings.prometheus and settings.alertmanager):
        raise Refused(
            "The canary's legs are seen in Prometheus and Alertmanager: configure both sections first."
        )
    if not LEG_TIMEOUTS_S[0] <= timeout_s <= LEG_TIMEOUTS_S[1]:
        raise Refused(f"--timeout-s takes {LEG_TIMEOUTS_S[0]:g} to {LEG_TIMEOUTS_S[1]:g} seconds.")
    if cluster or canary:
        cluster = resolve_cluster(tuple(each.name for each in settings.clusters), cluster)
    raise typer.Exit(asyncio.run(_examine(settings, cluster if canary else None, timeout_s, as_json=as_json)))


async def _examine(settings: Settings, canary_of: str | None, timeout_s: float, *, as_json: bool) -> int:
    found: list[Finding] = []
    async with wiring.build(settings) as bot:
        async for finding in _findings(bot, settings):
            found.append(finding)
            if not as_json:
                _say(finding)
        if canary_of is not None:
            async for leg in Canary(bot, settings.redis.prefix, canary_of, timeout_s).fly():
                found.append(leg)
                if not as_json:
                    _say(leg)
    if as_json:
        say_json(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    else:
        wrong, unasked = (sum(each.state == state for each in found) for state in ("BAD", "?"))
        terminal.show(lambda look: screens.verdict(wrong, unasked, look))
    return int(any(not each.is_well for each in found))


def _say(finding: Finding) -> None:
    terminal.show(lambda look: screens.line(finding.state, f"{finding.state:<5}", finding.says, look))


async def _findings(bot: wiring.Bot, settings: Settings) -> AsyncIterator[Finding]:
    async for state, what, says in checked.answers(bot, settings):
        if state == "not asked":
            yield Finding("Check", what, not_asked=says)
            continue
        said = f"{what}: {says}"
        yield Finding("Check", said) if state == "fine" else Finding("Check", "", said)
    prometheus, alertmanager = bot.ports.prometheus, bot.ports.alertmanager
    assert prometheus is None or isinstance(prometheus, PrometheusClient)  # noqa: S101  `build` makes no other
    assert alertmanager is None or isinstance(alertmanager, AlertmanagerClient)  # noqa: S101
    for area in (
        outside.redis_findings(bot),
        outside.slack_findings(bot),
        outside.node_findings(bot, settings),
        alerting.prometheus_findings(prometheus, settings),
        alerting.alertmanager_findings(alertmanager, settings),
    ):
        async for finding in area:
            yield finding
