"""The `neumann-bot` command; the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import structlog
import typer
import uvloop

from agent.version import version
from bot import log_lines
from bot.cli import agents, audit, diagnose, doctor, evidence, incidents, plan, posture, replay, runbook
from bot.cli.check import check
from bot.cli.help import explain
from bot.cli.init.command import init
from bot.cli.options import DEFAULT_CONFIG, ConfigOption
from bot.cli.output import say
from bot.cli.reread import reread
from bot.config import load
from bot.running import run
from bot.shift import Part
from handlers.errors import BotError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"neumann-bot {version()}")
        raise typer.Exit


@app.callback()
def about(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Incident responder for Neumann clusters: alert, diagnosis, confirmed fix, verified leader."""


@app.command()
def serve(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the web side and the worker in one process."""
    _run(config, "web", "worker")


@app.command()
def web(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run only the web side: webhooks and Slack requests."""
    _run(config, "web")


@app.command()
def worker(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run only the worker: readings, actions, threads, timers."""
    _run(config, "worker")


app.command()(check)
app.command()(init)
app.command()(doctor.doctor)
app.add_typer(agents.app, name="agents")
app.command()(diagnose.status)
app.command()(diagnose.diagnose)
app.command()(replay.replay)
app.command()(plan.plan)
app.command()(posture.posture)
app.add_typer(evidence.app, name="evidence")
app.add_typer(runbook.app, name="runbook")
app.add_typer(audit.app, name="audit")
app.add_typer(incidents.app, name="incidents")


@app.command()
def demo(  # noqa: PLR0917  each is an option of the command line
    fault: Annotated[str, typer.Option(help="Which fault the lab makes.")] = "aggressive-timeouts",
    headless: Annotated[bool, typer.Option(help="Play the loop as a person would, without a page.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    with_prometheus: Annotated[
        bool, typer.Option(help="Use the prometheus and alertmanager binaries that are on PATH.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Port of the page, 8420 unless it is taken; 0 takes a free one."
        ),
    ] = None,
    metrics_shape: Annotated[
        Literal["state_label", "active_only", "number", "raft_state_label"],
        typer.Option(help="How the nodes' metrics tell their role; Neumann's documents show all of these."),
    ] = "state_label",
) -> None:
    """A lab cluster, a local Slack workspace and the bot: the whole loop on this machine."""
    # Only here, and only now: nothing else of the bot knows the lab, and `serve` need not load it.
    try:
        from lab import demo as lab_demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"neumann-bot: {error.name} is not installed, which only the demo needs: pip install"
            " 'neumann-bot[bot,demo]'"
        ) from error

    options = lab_demo.Options(
        fault=fault,
        headless=headless,
        json=json,
        with_prometheus=with_prometheus,
        port=port,
        metrics_shape=metrics_shape,
    )
    raise typer.Exit(lab_demo.main(options))


explain(app)


def _run(config: Path, *parts: Part) -> None:
    log_lines.configure()
    settings = load(config)
    structlog.get_logger().info("starting", version=version(), parts=sorted(parts))
    uvloop.run(run(settings, frozenset(parts), reread=partial(reread, config)))


def main() -> None:
    """Run the command line; a known error becomes one sentence and exit code 2."""
    try:
        app()
    except BotError as error:
        say(f"neumann-bot: {error}", err=True)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
