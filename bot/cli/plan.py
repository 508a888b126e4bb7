"""`neumann-bot plan`: draw up live what a remedy would do, and print it; nothing is done."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot import clients
from bot.cli.diagnose import evidence_of
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.config import load
from handlers import commands
from handlers.errors import Refused
from handlers.judging import diagnosis_of
from handlers.remediation.planned_edits import with_planned_edits
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.model import UNDO, Diagnosis, Remedy, Runbook
from runbooks.plans import Plan
from runbooks.wording import listed
from shared.sanitize import lines_of


def plan(
    remedy: Annotated[
        str, typer.Option(help="Which remedy, such as clock_sync, start_nodes or restart_stuck.")
    ],
    cluster: Annotated[str, typer.Option(help="Read this cluster; not needed where there is one.")] = "",
    evidence: Annotated[Path | None, typer.Option(help="Plan on this stored evidence instead.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Print exactly what a remedy would do on a cluster, without Slack and without doing it."""
    if evidence:
        drawn_up = _drawn_up(evidence_of(evidence, config, cluster), remedy)
    else:
        drawn_up = asyncio.run(_live(config, cluster, remedy))
    if as_json:
        say_json(drawn_up.model_dump_json(indent=2))
    else:
        say(*lines(drawn_up))


async def _live(config: Path, cluster: str, remedy: str) -> Plan:
    """Read the cluster, draw up the plan, and have the agents show the edits that they would make."""
    async with clients.reader(load(config)) as (clusters, agents):
        name = commands.resolve_cluster(clusters.clusters, cluster)
        return await with_planned_edits(agents, name, _drawn_up(await clusters.read(name), remedy))


def _drawn_up(read: Evidence, remedy: str) -> Plan:
    runbook = runbook_of(remedy)
    return runbook.plan(offered(diagnosis_of(runbook, read), remedy), read)


def runbook_of(remedy: str) -> Runbook:
    """Return the runbook whose remedy this is.

    Raises:
        Refused: If it is none's, or an undo, which belongs to a run; with the nearest, or all there are.
    """
    of = {name: book for book in RUNBOOKS.values() for name in book.REMEDIES if name != UNDO}
    found = of.get(remedy)
    if found is None:
        near = difflib.get_close_matches(remedy, of, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {listed(sorted(of))}."
        raise Refused(f"There is no remedy {remedy[:80]}: {hint}")
    return found


def offered(diagnosis: Diagnosis, name: str) -> Remedy:
    """Return the remedy of that name, if the diagnosis offers it.

    Raises:
        Refused: With why it is off, or with the names there are.
    """
    remedies: dict[str, Remedy] = {
        remedy.name: remedy for finding in diagnosis.findings for remedy in finding.remedies
    }
    found = remedies.get(name)
    if found is None:
        there = f"of what was found here, {listed(sorted(remedies))} can be" if remedies else "none can be"
        raise Refused(f"{name} mends nothing that was found here; {there}.")
    if not found.offered:
        raise Refused(f"{name} is not offered: {found.reason}")
    return found


def lines(drawn_up: Plan) -> Iterator[str]:
    """Yield a plan as lines for a terminal."""
    yield drawn_up.title
    for number, step in enumerate(drawn_up.steps, start=1):
        yield ""
        yield f"{number}. {step.action.node}: {step.effect}"
        yield from (f"   {line}" for line in lines_of(step.shown))
    if drawn_up.arithmetic:
        yield from ("", "How the values came about:")
        yield from (f"   {line}" for line in drawn_up.arithmetic)
    yield from ("", f"Risk: {drawn_up.risk}")
    yield f"Before each node: {' '.join(drawn_up.checks_before)}"
    yield f"Afterwards: {drawn_up.watch_after}"
    yield f"Undo: {drawn_up.undo}"
    if drawn_up.needs_second:
        yield "A second person must approve it."
    yield f"plan {drawn_up.sha256}"
