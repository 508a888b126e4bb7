"""Run one fixed command without a shell, under a deadline, and leave no child behind."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from agent.errors import CommandError, CommandTimedOutError
from agent.sanitize import plain

# The C locale and UTC, because the output is parsed; nothing of the agent's own environment is handed on.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


MAX_OUTPUT_BYTES = 1024 * 1024


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
            stdout, stderr = await _output(process, limit_bytes)
    except TimeoutError as error:
        raise CommandTimedOutError(f"{argv[0]} did not end within {timeout_s:g} s.") from error
    finally:
        await _kill_and_reap(process)
    return CommandOutput(
        process.returncode or 0, stdout.decode(errors="replace"), stderr.decode(errors="replace")
    )


async def _output(process: Process, limit_bytes: int) -> tuple[bytes, bytes]:
    assert process.stdout and process.stderr  # noqa: S101 (tells the type checker)
    complaints = asyncio.create_task(_read(process.stderr, limit_bytes))
    try:
        stdout = await _read(process.stdout, limit_bytes)
        if len(stdout) >= limit_bytes:
            await _kill_and_reap(process)
        stderr = await complaints
        await process.wait()
    finally:
        complaints.cancel()
    return stdout, stderr


async def _read(stream: asyncio.StreamReader, limit_bytes: int) -> bytes:
    """Return what a stream gives until its end or the limit."""
    kept = bytearray()
    while len(kept) < limit_bytes and (part := await stream.read(limit_bytes - len(kept))):
        kept += part
    return bytes(kept)


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


async def _kill_and_reap(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
