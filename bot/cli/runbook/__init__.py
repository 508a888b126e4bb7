"""`neumann-bot runbook`: list them, begin one, hold one against the contract, and try one on evidence."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Annotated

import typer

from bot import add_ons
from bot.cli.diagnose import evidence_of, show
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.cli.runbook.skeleton_files import write_skeleton
from handlers.domain.evidence import document as evidence_document
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.errors import Refused
from handlers.judging import diagnosis_of, judge
from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems
from runbooks.model import Runbook

app = typer.Typer(no_args_is_help=True, help="List runbooks, begin one, check one and try it on evidence.")


@app.command("list")
def list_them(as_json: JsonOption = False) -> None:
    """List the runbooks there are, those of other packages among them, with their alerts."""
    for why in add_ons.register(add_ons.offered()):
        say(why, err=True)
    rows = [
        {"name": r.NAME, "title": r.TITLE, "alerts": sorted(r.ALERTS), "url": r.URL}
        for r in RUNBOOKS.values()
    ]
    if as_json:
        say_json(json.dumps(rows, indent=2))
        return
    for row in rows:
        say(f"{row['name']}: {row['title']}", f"  alerts: {', '.join(row['alerts'])}", f"  {row['url']}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name, such as disk-full.")],
    alert: Annotated[str, typer.Option(help="The alert that it is for.")],
    into: Annotated[Path, typer.Option(help="The folder in which its package is made.")] = Path(),
) -> None:
    """Begin a runbook: a package with a small one that works, its test, and the entry point."""
    made = write_skeleton(name, alert, into)
    say(
        f"{made} is a runbook that works. Next:",
        f"  pip install -e {made}",
        f"  neumann-bot runbook lint {name}",
    )


@app.command()
def lint(name: Annotated[str, typer.Argument(help="The runbook's name.")]) -> None:
    """Say everything that keeps a runbook from being used; the exit code is 1 where there is something."""
    runbook = _found(name)
    with add_ons.printing_aside():
        wrong = tuple(problems(runbook, RUNBOOKS))
    for why in wrong:
        say(f"wrong: {why}", err=True)
    if wrong:
        raise typer.Exit(1)
    say(f"fine: {name}, {len(runbook.CAUSES)} causes, {len(runbook.REMEDIES)} remedies")


@app.command("try")
def try_it(
    name: Annotated[str, typer.Argument(help="The runbook's name.")],
    evidence: Annotated[
        Path | None, typer.Option(help="Stored evidence, - is stdin; without it, read live.")
    ] = None,
    cluster: Annotated[str, typer.Option(help="Read this cluster; not needed where there is one.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge evidence by one runbook, as its thread would show it; nothing is done."""
    runbook = _found(name)
    read = evidence_of(evidence, config, cluster)
    with add_ons.printing_aside():
        diagnosis = diagnosis_of(runbook, read)
        recovery = judge(Judgement.RECOVERY, runbook.is_recovered, read)
    if as_json:
        say_json(json.dumps(evidence_document.as_json(diagnosis), indent=2, ensure_ascii=False))
        return
    show(read, diagnosis)
    if isinstance(recovery, Undetermined):
        say("", f"Recovered? {recovery.sentence}")
    else:
        say("", f"Recovered? {'yes: ' + recovery.sentence if recovery.is_recovered else 'no.'}")


def _found(name: str) -> Runbook:
    """Return a runbook of the bot's own or of an installed package, usable or not.

    Raises:
        Refused: With what is wrong with the name or the package, and the mend.
    """
    if name in RUNBOOKS:
        return RUNBOOKS[name]
    found = add_ons.imported(name)
    if isinstance(found, str):
        others = {*RUNBOOKS, *add_ons.offered()} - {name}
        near = difflib.get_close_matches(name, sorted(others), n=1)
        raise Refused(found + (f" Did you mean {near[0]}?" if near else ""))
    RUNBOOKS.setdefault(name, found)
    return found
