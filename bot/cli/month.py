"""`neumann-bot incidents month`: a month of a cluster's incidents, for the review."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import clients
from bot.cli import terminal
from bot.cli.audit import retained
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say_json
from bot.cli.screens.month import month as screen
from bot.config import Settings, load
from bot.pictures.draw import draw_month
from handlers import month as months
from handlers.commands.arguments import month_of, resolve_cluster
from handlers.domain.history.account import Account
from handlers.domain.history.month import Held, MonthReport, Objective
from handlers.domain.undetermined import Undetermined
from handlers.errors import Refused

MISSED = 1
"""The exit code where the objective is missed, for a job that runs this by itself."""


def month(
    cluster: Annotated[str, typer.Argument(help="Which cluster; not needed where there is one.")] = "",
    year_month: Annotated[
        str, typer.Argument(help="Which month, such as 2026-11; the present one without.")
    ] = "",
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture there, as PNG.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Count up a month: minutes without a leader against the objective, causes, nodes, how long it took.

    It reads Redis, and Prometheus where that is configured; it needs no Slack.
    """
    report = asyncio.run(_report(load(config), f"{cluster} {year_month}"))
    if picture:
        _draw(report, picture)
    if as_json:
        say_json(json.dumps(as_document(report), indent=2, ensure_ascii=False))
    else:
        terminal.show(lambda look: screen(report, look))
    if report.held is Held.MISSED:
        raise typer.Exit(MISSED)


async def _report(settings: Settings, words: str) -> MonthReport:
    now = datetime.now(UTC)
    asked, wanted = month_of(words, now)
    cluster = resolve_cluster(tuple(each.name for each in settings.clusters), asked)
    objective = Objective(settings.objective.leaderless_minutes_month)
    async with retained(settings) as retention, clients.alerting(settings) as (_, prometheus):
        kept = months.Kept(retention.store, retention.past, prometheus)
        return await months.report(kept, cluster, wanted, now, objective)


def _draw(report: MonthReport, picture: Path) -> None:
    drawn = asyncio.run(draw_month(report))
    if isinstance(drawn, Undetermined):
        raise Refused(drawn.sentence)
    try:
        picture.write_bytes(drawn.png)
    except OSError as error:
        raise Refused(f"The picture {picture} cannot be written: {error.strerror}.") from error


def as_document(report: MonthReport) -> dict[str, object]:
    """Return the report as JSON; durations are in seconds."""
    allowed, unknown = report.objective.allowed, report.unknown
    return {
        "cluster": report.cluster,
        "month": str(report.month),
        "until": report.until.isoformat(),
        "kept_since": report.kept_since.isoformat() if report.kept_since else None,
        "whole": report.is_whole,
        "left_out": report.left_out,
        "unreadable": report.unreadable,
        "leaderless_s": report.leaderless.total_seconds(),
        "leaderless_by": "prometheus" if report.from_prometheus else "readings",
        "unknown_s": unknown.total_seconds() if unknown is not None else None,
        "allowed_s": allowed.total_seconds() if allowed is not None else None,
        "objective": report.held.name.lower(),
        "causes": {word or "none_sure": count for word, count in report.causes},
        "repeat_offenders": dict(report.offenders),
        "false_alarms": [each.id for each in report.false_alarms],
        "median_s": {
            what: median.span.total_seconds() if median.span is not None else None
            for what, median in report.medians()
        },
        "incidents": [_incident(each) for each in report.accounts],
    }


def _incident(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "runbook": account.runbook,
        "opened_at": account.opened_at.isoformat(),
        "outcome": account.outcome.name.lower(),
        "cause": account.cause,
        "nodes": account.nodes,
        "mended_s": account.mended_after.total_seconds() if account.mended_after is not None else None,
    }
