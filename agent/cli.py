"""The command line `neumann-agent`: serve, check, pair, and the keys that are trusted."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from agent.actions.after_crash import judge_what_was_begun
from agent.actions.executor import Executor
from agent.actions.kinds import offered_by
from agent.actions.ledger import Ledger
from agent.errors import AgentError, ConfigError
from agent.pods.reader import reader_of
from agent.rights import act_as_owner_of
from agent.server.deadlines import DeadlineServer
from agent.server.routes import build_app, build_server, listen, tls_context
from agent.settings import Settings, load_settings
from shared import service_manager
from shared.version import version

CONFIG = Path("/etc/neumann-agent/neumann-agent.toml")
PAIRING_WINDOW_S = 600.0
_logger = logging.getLogger("agent.cli")


def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the trusted keys again."""
    # Ignored until there is something to reload; what comes before is read a moment later anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    settings = load_settings(options.config)
    # Whatever this process creates is its owner's alone.
    os.umask(0o077)
    to_stderr = logging.StreamHandler()
    to_stderr.setFormatter(service_manager.JournalFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[to_stderr])
    logging.getLogger("agent").setLevel(logging.INFO)
    asyncio.run(_serve(options.config, settings))


def check(options: argparse.Namespace) -> None:
    """Say what would not work: exit code 1 where something would be missing, 2 where nothing would serve."""
    from agent.check import find_problems  # noqa: PLC0415  serving needs none of it

    problems = find_problems(load_settings(options.config))
    for problem in problems:
        print(service_manager.prioritised(problem.sentence, logging.WARNING), file=sys.stderr)
    if problems:
        sys.exit(2 if any(problem.stops for problem in problems) else 1)
    print("Ready to serve.")


def pair(options: argparse.Namespace) -> None:
    """Make this node's key if there is none, and wait for one bot that holds the code that is shown."""
    from agent.server import pairing  # noqa: PLC0415  what makes certificates is large, and serving makes none

    shown, code = pairing.code_from(options.code_file)
    act_as_owner_of(options.config.parent)
    with ExitStack() as undone:
        if options.settings_from_stdin:
            undone.enter_context(pairing.settings_replaced(options.config, sys.stdin.read()))
        settings = load_settings(options.config)
        certificate = pairing.make_own_key(settings)
        # Before a code is shown that nobody could use.
        listener = undone.enter_context(pairing.listener(settings, options.listen))
        print(pairing.how_to_add(settings, certificate, listener.getsockname()[1]))
        if shown:
            print(f"Code: {shown}")
        print(f"Waiting {options.within_s:.0f} s for one bot ...", flush=True)
        window = pairing.PairingWindow(options.config, settings, certificate, code)
        identity = asyncio.run(pairing.wait_for_bot(window, listener, within_s=options.within_s))
    print(pairing.who_was_pinned(identity))


def keys(options: argparse.Namespace) -> None:
    """List the keys that are trusted, or take one off the list by its fingerprint."""
    from agent.server import pinned_keys  # noqa: PLC0415  serving only reads them

    act_as_owner_of(options.config.parent)
    if options.verb == "list":
        for key in pinned_keys.pinned_keys(load_settings(options.config)):
            print(f"sha256:{key.fingerprint}  {pinned_keys.KIND_WORDS[key.kind]}")
    elif options.fingerprint is None:
        raise ConfigError("Say which key: `neumann-agent keys revoke FINGERPRINT`.")
    else:
        key = pinned_keys.revoke(options.config, options.fingerprint)
        print(f"sha256:{key.fingerprint} is trusted no more, once the agent is reloaded:")
        print("systemctl reload-or-restart neumann-agent")


COMMANDS = {"serve": serve, "check": check, "pair": pair, "keys": keys}


def main() -> None:
    """Run the command line; what goes wrong is one sentence on stderr and exit code 2."""
    # uvicorn raises the signal again once it has closed down; this makes that a clean exit.
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGINT, _exit)
    options = parser().parse_args()
    try:
        options.run(options)
    except AgentError as error:
        print(service_manager.prioritised(str(error), logging.ERROR), file=sys.stderr)
        sys.exit(2)


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser; the manual page is made of it."""
    # argparse, because an agent should start at once and stay small.
    line = argparse.ArgumentParser(
        prog="neumann-agent", description="Read a Neumann node, and carry out granted actions on it."
    )
    line.add_argument("--version", action="version", version=f"%(prog)s {version()}")
    commands = line.add_subparsers(required=True, metavar="COMMAND")
    parsers = {}
    for name, run in COMMANDS.items():
        command = parsers[name] = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.add_argument(
            "--config", type=Path, default=CONFIG, help="The agent's TOML file (%(default)s)."
        )
        command.set_defaults(run=run)
    pairing = parsers["pair"].add_argument
    pairing("--code-file", help="Take the code from this file, or with - from stdin, and show none.")
    pairing(
        "--settings-from-stdin", action="store_true", help="Write --config from stdin first, after the code."
    )
    pairing(
        "--listen",
        help="Wait here (host:port); else at `listen`, or one port above it.",
    )
    pairing("--within-s", type=float, default=PAIRING_WINDOW_S, help="Seconds to wait (%(default).0f).")
    parsers["keys"].add_argument("verb", choices=["list", "revoke"])
    parsers["keys"].add_argument("fingerprint", nargs="?", help="Its first digits, 8 or more.")
    return line


async def _serve(config: Path, settings: Settings) -> None:
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {settings.state_dir} of `state_dir` cannot be made: {error}."
        ) from error
    with listen(settings.listen) as listener:
        ledger = Ledger(settings.state_dir / "ledger.sqlite3")
        try:
            reader = reader_of(settings, offered_by)
            executor = Executor(settings, reader, ledger)
            executor.see_through(await judge_what_was_begun(settings, reader, ledger))
            server = build_server(build_app(settings, reader, executor), settings)
            beside: set[asyncio.Task[None]] = set()
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGHUP,
                lambda: beside.add(asyncio.create_task(_reload(config, server, executor))),
            )
            service_manager.tell("READY=1")
            beside.add(asyncio.create_task(service_manager.feed_watchdog()))
            _logger.info("neumann-agent %s serves %s at %s", version(), settings.node, settings.listen)
            await server.serve(sockets=[listener])
        finally:
            await executor.finish()
            ledger.close()


async def _reload(config: Path, server: DeadlineServer, executor: Executor) -> None:
    """Read the trusted keys again; all else of the settings waits for a restart."""
    try:
        settings = load_settings(config)
        await server.exchange_context(tls_context(settings.tls))
    except AgentError as error:
        _logger.error("the trusted keys stay as they were: %s", error)
    else:
        executor.admission.pin(settings.grants)
        _logger.info("the trusted keys were read again")


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
