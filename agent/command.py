"""The command line `neumann-agent`: serve, and check."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from agent.config import Settings, load_settings
from agent.config_file import read_config_bytes
from agent.disk import read_disk
from agent.errors import AgentError, ConfigError, ReadingError
from agent.executor import Executor
from agent.ledger import Ledger
from agent.log_summary import read_log
from agent.metrics_page import read_metrics
from agent.readings import NodeReader
from agent.server import build_app, build_server, listen, tls_context


def serve(config: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(config)
    # Whatever this process creates is its owner's alone.
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("agent").setLevel(logging.INFO)
    # uvicorn raises the signal again once it has closed down; this makes that a clean exit.
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    asyncio.run(_serve(settings))


def check(config: Path) -> None:
    """Say what would fail when serving, and why."""
    problems = find_problems(load_settings(config))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(2)
    print("Ready to serve.")


def find_problems(settings: Settings) -> list[str]:
    """Try what serving will need, without changing anything; one sentence for each thing that fails."""
    problems = []
    for attempt in (
        lambda: tls_context(settings.tls),
        lambda: read_log(settings.log_files),
        lambda: read_config_bytes(settings.config_file),
        lambda: read_disk(settings.data_dir),
        lambda: _check_metrics(settings),
    ):
        try:
            attempt()
        except AgentError as error:
            problems.append(str(error))
    for name in type(settings.commands).model_fields:
        path = getattr(settings.commands, name)
        if not os.access(path, os.X_OK):
            problems.append(f"The command {path} (commands.{name}) is missing or not executable.")
    for field, folder in (("state_dir", settings.state_dir), ("config_file", settings.config_file.parent)):
        if not os.access(folder, os.W_OK | os.X_OK):
            problems.append(f"The folder {folder} ({field}) is missing or cannot be written to.")
    return problems


def _check_metrics(settings: Settings) -> None:
    try:
        page = asyncio.run(read_metrics(settings))
    except ReadingError as error:
        raise ReadingError(f"metrics_url: {error}") from error
    if not page.text:
        raise ReadingError(
            f"metrics_url: {settings.metrics_url}/metrics has no metric of Neumann"
            f" (content type: {page.content_type or 'none'})."
        )


COMMANDS = {"serve": serve, "check": check}


def main() -> None:
    """Run the command line; what goes wrong is one sentence on stderr and exit code 2."""
    options = _parser().parse_args()
    try:
        options.run(options.config)
    except AgentError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    # argparse, because an agent should start at once and stay small.
    parser = argparse.ArgumentParser(
        prog="neumann-agent", description="Read a Neumann node, and carry out granted actions on it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.add_argument("--config", type=Path, required=True, help="The agent's TOML file.")
        command.set_defaults(run=run)
    return parser


async def _serve(settings: Settings) -> None:
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {settings.state_dir} of `state_dir` cannot be made: {error}."
        ) from error
    with listen(settings.listen) as listener:
        ledger = Ledger(settings.state_dir / "ledger.sqlite3")
        try:
            reader = NodeReader(settings)
            executor = Executor(settings, reader, ledger)
            await executor.recover()
            await build_server(build_app(settings, reader, executor), settings).serve(sockets=[listener])
        finally:
            ledger.close()


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
