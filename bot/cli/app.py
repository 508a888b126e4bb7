"""The `neumann-bot` command; the one place where an error becomes a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvloop
from typer.core import TyperGroup

from bot import log_lines
from bot.cli import agents, audit, diagnose, doctor, evidence, incidents, plan, posture, replay, runbook
from bot.cli.check import check
from bot.cli.demo import demo
from bot.cli.help import explain
from bot.cli.init.command import init
from bot.cli.mcp import mcp
from bot.cli.options import DEFAULT_CONFIG, ConfigOption
from bot.cli.output import say
from bot.cli.reread import reread
from bot.config import load
from bot.running import run
from bot.shift import Part
from handlers.errors import BotError
from shared.version import version

PANELS: Mapping[str, tuple[str, ...]] = {
    "Set up, and see that it works": ("demo", "init", "agents", "check", "doctor"),
    "Run the bot": ("serve", "web", "worker"),
    "Look at a cluster": ("status", "posture", "mcp"),
    "During an incident": ("diagnose", "plan"),
    "Afterwards, and for the records": ("replay", "incidents", "evidence", "audit"),
    "Write runbooks": ("runbook",),
}
"""Where in the work a command is needed, in the order of `--help`; each is in one, which a test sees to."""


class ByPanel(TyperGroup):
    """Lists commands by their panel. Typer itself does so with rich alone, whose tables cut names."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the commands' names in the order of the panels."""
        return [name for names in PANELS.values() for name in names]

    def format_commands(self, ctx: object, formatter: Any) -> None:  # noqa: ANN401  its class is private
        """Write each panel with its commands; all of them have one column for the names."""
        widest = max(map(len, self.commands))
        for panel, names in PANELS.items():
            with formatter.section(panel):
                formatter.write_dl(
                    [(f"{name:<{widest}}", self.commands[name].get_short_help_str()) for name in names]
                )


app = typer.Typer(cls=ByPanel, no_args_is_help=True, pretty_exceptions_enable=False)


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
app.command()(mcp)
app.add_typer(evidence.app, name="evidence")
app.add_typer(runbook.app, name="runbook")
app.add_typer(audit.app, name="audit")
app.add_typer(incidents.app, name="incidents")
app.command()(demo)
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
