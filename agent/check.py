"""`neumann-agent check`: everything that serving will need, tried without changing anything."""

from __future__ import annotations

import asyncio
import fcntl
import grp
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.actions.kinds import ACTIONS
from agent.addresses import split_address
from agent.check_ping import ping_problems
from agent.clock_check import STEP_COMMANDS, check_clock
from agent.errors import AgentError, CommandError, ReadingError
from agent.mounts import is_read_only
from agent.neumann_config.edit import read_config_bytes
from agent.pods.check import pod_problems
from agent.polkit import STEP_UNIT, missing_rule, rule_without_unit
from agent.readings.disk import read_disk
from agent.readings.log_source import read_log
from agent.readings.metrics_page import read_metrics
from agent.run_command import run_checked
from agent.server.pinned_keys import pinned_keys
from agent.server.routes import tls_context
from agent.settings import Settings
from shared.sanitize import lines_of

OWN_UNIT = "neumann-agent.service"


@dataclass(frozen=True)
class Problem:
    """What will not work, in one sentence, and whether the agent would not even serve."""

    sentence: str
    stops: bool


def find_problems(settings: Settings) -> tuple[Problem, ...]:
    """Try everything; one sentence for each thing that fails."""
    return (
        *(Problem(sentence, stops=True) for sentence in _what_stops(settings)),
        *(Problem(sentence, stops=False) for sentence in _what_would_be_missing(settings)),
    )


def _what_stops(settings: Settings) -> Iterator[str]:
    yield from _failure(lambda: tls_context(settings.tls))
    yield from _unwritable(settings.state_dir, "state_dir")
    if not _agent_runs(settings):
        yield from _taken(settings.listen)
    yield from rule_without_unit(settings)


def _what_would_be_missing(settings: Settings) -> Iterator[str]:
    yield from _key_rights(settings.tls.key)
    yield from _nobody_trusted(settings)
    yield from _failure(lambda: asyncio.run(read_log(settings)))
    yield from _failure(lambda: read_disk(settings.data_dir))
    yield from _failure(lambda: _check_metrics(settings))
    if settings.kubernetes:
        yield from pod_problems(settings, settings.kubernetes)
        yield from _missing_commands(settings, ("ping",))
        yield from _pings(settings)
        return
    yield from _config_file(settings.config_file, os.geteuid())
    yield from _missing_commands(settings, ("timedatectl", "systemctl", "ping", *_wanted_programs(settings)))
    yield from _pings(settings)
    yield from check_clock(settings)
    if os.access(settings.commands.systemctl, os.X_OK):
        yield from _units(settings)
        yield from _own_group(settings)
        yield from missing_rule(settings)


def _wanted_programs(settings: Settings) -> tuple[str, ...]:
    """Return the programs that only some actions need, where the settings name them."""
    programs = (kind.program for kind in ACTIONS.values())
    return tuple(name for name in programs if name and getattr(settings.commands, name))


def _missing_commands(settings: Settings, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        path = getattr(settings.commands, name)
        if not os.access(path, os.X_OK):
            yield f"The command {path} (commands.{name}) is missing or not executable."


def _pings(settings: Settings) -> Iterator[str]:
    if os.access(settings.commands.ping, os.X_OK):
        yield from ping_problems(settings)


def _failure(attempt: Callable[[], object]) -> Iterator[str]:
    try:
        attempt()
    except AgentError as error:
        yield str(error)


def _unwritable(folder: Path, field: str) -> Iterator[str]:
    if is_read_only(folder):
        yield (
            f"The folder {folder} ({field}) is on a file system that is read-only: see why (dmesg), repair it"
            " and mount it anew, or boot."
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield f"The folder {folder} ({field}) is missing or cannot be written to."


def _agent_runs(settings: Settings) -> bool:
    """Return whether an agent has this ledger open, and so this port too."""
    try:
        folder = os.open(settings.state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(folder)
    return False


def _taken(address: str) -> Iterator[str]:
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        yield (f"The address {address} of `listen` cannot be bound ({error.strerror}); free it or change it.")


def _key_rights(key: Path) -> Iterator[str]:
    try:
        found = key.stat()
    except OSError:
        return  # said by what stops
    if found.st_mode & 0o077:
        yield (
            f"Others than its owner may use the key {key} (tls.key, mode {found.st_mode & 0o777:04o}):"
            f" chmod 0600 {key}"
        )


def _nobody_trusted(settings: Settings) -> Iterator[str]:
    try:
        kinds = {key.kind for key in pinned_keys(settings)}
    except AgentError:
        return  # said by what stops
    if "certificate" not in kinds:
        yield "No bot is let in (tls.authority holds no certificate): pair with one, `neumann-agent pair`."
    elif "verify_keys" not in kinds:
        yield "No grant is accepted (grants.verify_keys is empty): pair with a bot, `neumann-agent pair`."


def _config_file(path: Path, user_id: int) -> Iterator[str]:
    try:
        found = read_config_bytes(path)
    except AgentError as error:
        yield str(error)
    else:
        if user_id not in (0, found.user_id):
            yield (
                f"The file {path} (config_file) is not this user's, so it cannot be changed: chown it to this"
                " user, with Neumann's group."
            )
    yield from _unwritable(path.parent, "config_file")


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


def _units(settings: Settings) -> Iterator[str]:
    """Yield the units that systemd does not know; one that does not answer is not asked again."""
    units = {settings.service: "so it cannot be started: correct `service`."}
    if settings.commands.chronyc in STEP_COMMANDS:
        units[STEP_UNIT] = "so no clock can be stepped: install it."
    for unit, so in units.items():
        argv = [str(settings.commands.systemctl), "show", unit, "--property=LoadState"]
        try:
            shown = asyncio.run(run_checked(argv, timeout_s=settings.deadlines.service))
        except CommandError as error:
            yield str(error)
            return
        if "LoadState=not-found" in lines_of(shown):
            yield f"systemd knows no unit {unit}, {so}"
        elif shown.strip() in ("LoadState=masked", "LoadState=bad-setting", "LoadState=error"):
            yield f"systemd does not start {unit} as it is: systemctl status {unit}"


def _own_group(settings: Settings) -> Iterator[str]:
    """Yield a complaint where the agent's unit names a group that there is not: it does not start then."""
    argv = [str(settings.commands.systemctl), "show", OWN_UNIT, "--property=Group"]
    try:
        shown = asyncio.run(run_checked(argv, timeout_s=settings.deadlines.service))
        group = dict(line.split("=", 1) for line in lines_of(shown) if "=" in line).get("Group")
        if group:
            grp.getgrnam(group)
    except CommandError:
        return  # said by what does not answer
    except KeyError:
        yield (
            f"There is no group {group}, so {OWN_UNIT} does not start (216/GROUP): name Neumann's own as"
            " `Group=`."
        )
