"""`neumann-bot runbook`: list them, begin one, hold one against the contract, and try one on evidence."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bot import add_ons
from bot.cli.diagnose import evidence_of, show
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import CommandLine, say, say_json
from bot.cli.runbook.skeleton_files import write_declared, write_skeleton
from bot.cli.screens import instructions
from bot.declared_runbooks import UnusableRunbook
from handlers.domain.evidence import document as evidence_document
from handlers.domain.undetermined import Judgement, Undetermined
from handlers.judging import diagnosis_of, judge
from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems
from runbooks.declared import DeclaredRunbook
from runbooks.model import Runbook
from runbooks.wording import counted

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
    into: Annotated[Path, typer.Option(help="The folder in which it is made.")] = Path(),
    toml: Annotated[bool, typer.Option("--toml", help="Make a file of text that judges nothing.")] = False,
) -> None:
    """Begin a runbook that works: a package with test and entry point, or with --toml one file of text."""
    if toml:
        _say_next(write_declared(name, alert, into))
        return
    made = write_skeleton(name, alert, into)
    say(
        f"{made} is a runbook that works. Next:",
        CommandLine(f"  pip install -e {made}"),
        CommandLine(f"  neumann-bot runbook lint {name}"),
    )


def _say_next(file: Path) -> None:
    say(
        f"{file} is a runbook that works: write your own words into it. Next:",
        CommandLine(f"  neumann-bot runbook lint {file}"),
        CommandLine(f"  neumann-bot runbook try {file}"),
        f'  runbooks = ["{file.absolute()}"], at the top of the configuration',
    )


@app.command()
def lint(name: Annotated[str, typer.Argument(help="The runbook's name, or its TOML file.")]) -> None:
    """Say everything that keeps a runbook from being used; the exit code is 1 where there is something."""
    try:
        runbook = add_ons.found(name)
    except UnusableRunbook as error:
        _wrong(map(str, error.problems))
        raise typer.Exit(1) from error
    with add_ons.printing_aside():
        wrong = tuple(problems(runbook, add_ons.beside(runbook)))
    if wrong:
        _wrong(wrong)
        raise typer.Exit(1)
    say(f"fine: {name}, {_extent(runbook)}")


def _wrong(sentences: Iterable[str]) -> None:
    for why in sentences:
        say(f"wrong: {why}", err=True)


def _extent(runbook: Runbook) -> str:
    if isinstance(runbook, DeclaredRunbook):
        given = runbook.document
        return f"{counted(len(given.steps), 'step')}, {counted(len(given.plots), 'plot')}"
    return f"{len(runbook.CAUSES)} causes, {len(runbook.REMEDIES)} remedies"


@app.command("try")
def try_it(
    name: Annotated[str, typer.Argument(help="The runbook's name, or its TOML file.")],
    evidence: Annotated[
        Path | None, typer.Option(help="Stored evidence, - is stdin; without it, read live.")
    ] = None,
    cluster: Annotated[str, typer.Option(help="Read this cluster; not needed where there is one.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge evidence by one runbook, as its thread would show it; nothing is done."""
    runbook = add_ons.found(name)
    RUNBOOKS.setdefault(runbook.NAME, runbook)  # the words of its causes are looked up there
    read = evidence_of(evidence, config, cluster)
    with add_ons.printing_aside():
        diagnosis = diagnosis_of(runbook, read)
        recovery = judge(Judgement.RECOVERY, runbook.is_recovered, read)
    if as_json:
        say_json(json.dumps(evidence_document.as_json(diagnosis), indent=2, ensure_ascii=False))
        return
    show(read, diagnosis)
    if isinstance(runbook, DeclaredRunbook):
        say(*instructions.lines(runbook.hand_off(read)))
    elif isinstance(recovery, Undetermined):
        say("", f"Recovered? {recovery.sentence}")
    else:
        say("", f"Recovered? {'yes: ' + recovery.sentence if recovery.is_recovered else 'no.'}")
