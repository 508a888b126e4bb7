"""A child process as a service manager sees it: started, stopped, killed, and watched until it ends."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from lab.layout import Address

State = Literal["active", "inactive", "failed", "activating"]
Result = Literal["success", "exit-code", "signal"]
STOP_GRACE_S = 5.0
LISTEN_DEADLINE_S = 30.0  # Python needs a second to start, and ten on a machine that is busy
POLL_S = 0.05
PR_SET_PDEATHSIG = 1  # linux/prctl.h
TAIL_BYTES = 1000
PROJECT_ROOT = Path(__file__).parents[2]  # where `python -m lab.node` is found


class Process:
    """One program of the lab, at most one process of it at a time.

    Args:
        name: Whose it is, for messages.
        argv: What to run.
        output: Where its stdout and stderr are appended.
        on_exit: Called when the process has ended, for whatever reason.
    """

    def __init__(
        self,
        name: str,
        argv: tuple[str, ...],
        output: Path,
        on_exit: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.state: State = "inactive"
        self.result: Result = "success"
        self.restarts = 0
        self.started_monotonic_us = 0
        self._argv = argv
        self._output = output
        self._on_exit = on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self._starting = asyncio.Lock()
        self._restart: Callable[[], Awaitable[None]] | None = None
        self._restart_delay_s = 0.0
        self._restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Return the process id, 0 while none runs (as systemd's MainPID)."""
        return self._process.pid if self._process is not None and self.state == "active" else 0

    def restart_on_failure(self, restart: Callable[[], Awaitable[None]] | None, delay_s: float = 0.0) -> None:
        """Call `restart` so long after each failure, as systemd's `Restart=on-failure`; none for never."""
        self._restart, self._restart_delay_s = restart, delay_s
        if restart is None:
            self._forget_restart()

    async def start(self) -> None:
        """Start the program, if it does not run."""
        async with self._starting:
            await self._start()

    async def stop(self) -> None:
        """Ask it to end, then make it end."""
        self._stopping = True
        self._forget_restart()
        self.signal(signal.SIGCONT)  # a frozen one cannot hear
        self.signal(signal.SIGTERM)
        if self._watch is not None:
            try:
                await asyncio.wait_for(asyncio.shield(self._watch), STOP_GRACE_S)
            except TimeoutError:
                self.signal(signal.SIGKILL)
                await self._watch
        self.state = "inactive"

    async def kill(self) -> None:
        """End it at once; to a service manager it has failed."""
        self.signal(signal.SIGKILL)
        if self._watch is not None:
            await self._watch

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process is not None and self.state == "active":
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def until_listening(self, address: Address) -> None:
        """Wait until something listens at `address`.

        Raises:
            TimeoutError: After 30 s, or when the process has ended.
        """
        async with asyncio.timeout(LISTEN_DEADLINE_S):
            while self.state == "active":
                try:
                    _, writer = await asyncio.open_connection(*address)
                except OSError:
                    await asyncio.sleep(POLL_S)
                else:
                    writer.close()
                    return
        raise TimeoutError(f"{self.name} ended before it listened.")

    def last_words(self) -> str:
        """Return the end of what it printed."""
        return (
            self._output.read_bytes()[-TAIL_BYTES:].decode(errors="replace") if self._output.exists() else ""
        )

    async def _start(self) -> None:
        if self.state == "active":
            return
        if self._watch is not None:
            await self._watch  # the last one's end is told before the next one begins
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=PROJECT_ROOT,
                preexec_fn=_die_with(os.getpid()),
            )
        # As systemd: of a service that runs again, the result is a success.
        self.state, self.result, self._stopping = "active", "success", False
        self.started_monotonic_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._watch = asyncio.create_task(self._wait(self._process))

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        failed = not self._stopping and code != 0
        self.state = "failed" if failed else "inactive"
        self.result = "success" if not failed else "signal" if code < 0 else "exit-code"
        if self._on_exit is not None:
            self._on_exit()
        if failed and self._restart is not None:
            self.state = "activating"
            self._restarting = asyncio.create_task(self._start_again(self._restart))

    async def _start_again(self, restart: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self._restart_delay_s)
        self.restarts += 1
        with suppress(TimeoutError):  # it ended before it listened: its end has begun the next restart
            await restart()

    def _forget_restart(self) -> None:
        if self._restarting is not None:
            self._restarting.cancel()
            self._restarting = None
            if self.state == "activating":
                self.state = "failed"


@functools.cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with(parent: int) -> Callable[[], None] | None:
    libc = _libc()  # loaded here: the child of a fork must not
    if libc is None:
        return None

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return tie
