"""Run one fixed command without a shell, under a deadline, and leave no child behind."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from agent.errors import CommandError, CommandTimedOutError
from shared.sanitize import plain

# The C locale and UTC, because the output is parsed; nothing of the agent's own environment is handed on.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


MAX_OUTPUT_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024
REAP_S = 1.0
"""How long a killed process may take to be gone."""


@dataclass(frozen=True)
class CommandOutput:
    """How a command ended and what it said."""

    exit_code: int
    stdout: str
    stderr: str


async def run(argv: Sequence[str], *, timeout_s: float, limit_bytes: int = MAX_OUTPUT_BYTES) -> CommandOutput:
    """Run a command to its end, or until it has printed more than is read.

    Args:
        argv: Absolute path and arguments.
        timeout_s: Seconds after which its process group is killed and reaped.
        limit_bytes: How much of its output is read; who prints more is killed then.

    Raises:
        CommandError: If it cannot be started.
        CommandTimedOutError: If it did not end in time.
    """
    try:
        # A session of its own, so that children of a wrapper script are killed with it.
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=_ENVIRONMENT, start_new_session=True
        )
    except OSError as error:
        raise CommandError(f"{argv[0]} cannot be run: {error.strerror}.") from error
    try:
        async with asyncio.timeout(timeout_s):
            stdout, stderr = await asyncio.gather(
                *(_read(process, stream, limit_bytes) for stream in (process.stdout, process.stderr))
            )
            await _reap(process)
    except TimeoutError as error:
        raise CommandTimedOutError(f"{argv[0]} did not end within {timeout_s:g} s.") from error
    finally:
        _kill(process)
        with suppress(TimeoutError):  # who cannot even be killed, or left its pipe to somebody, ends later
            async with asyncio.timeout(REAP_S):
                await _reap(process)
    return CommandOutput(
        process.returncode or 0, stdout.decode(errors="replace"), stderr.decode(errors="replace")
    )


async def _read(process: Process, stream: StreamReader | None, limit_bytes: int) -> bytes:
    """Return what a stream gives until its end or the limit; who gives more is killed."""
    assert stream  # noqa: S101 (tells the type checker)
    kept = bytearray()
    while part := await stream.read(limit_bytes - len(kept)):
        kept += part
    if len(kept) >= limit_bytes:
        _kill(process)
    return bytes(kept)


def _kill(process: Process) -> None:
    """Kill whoever is left of a command's session: its children may outlive it, and hold its pipes."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is left, or only what became root
        os.killpg(process.pid, signal.SIGKILL)


async def _reap(process: Process) -> None:
    """Wait for a process and the ends of its pipes: asyncio counts nobody as ended who has a full one."""
    for stream in (process.stdout, process.stderr):
        while stream and await stream.read(READ_BYTES):
            pass
    await process.wait()


async def run_checked(argv: Sequence[str], *, timeout_s: float) -> str:
    """Run a command that must exit with 0, and return what it printed.

    Raises:
        CommandError: If it cannot be run, times out or exits with another code.
    """
    output = await run(argv, timeout_s=timeout_s)
    if output.exit_code != 0:
        said = plain(output.stderr.strip() or output.stdout.strip(), limit=200) or "it said nothing"
        raise CommandError(f"{argv[0]} exited with {output.exit_code}: {said}")
    return output.stdout
