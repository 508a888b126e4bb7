"""A real Prometheus and Alertmanager beside the lab, in place of the watcher."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from lab.alerting.real_config import write_alertmanager_config, write_prometheus_config

_READY_TIMEOUT_S, _STOP_TIMEOUT_S = 30.0, 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class RealAlertingError(Exception):
    """Prometheus or Alertmanager is not installed, or did not get ready."""


@dataclass(frozen=True)
class Binaries:
    """Where the two programs are."""

    prometheus: str
    alertmanager: str


@dataclass(frozen=True)
class RealAlerting:
    """Base URLs of the two running programs."""

    prometheus_url: str
    alertmanager_url: str


def find_binaries() -> Binaries:
    """Find both programs on PATH. Raises RealAlertingError naming the one that is missing."""
    prometheus = shutil.which("prometheus")
    # Debian's package renames the second one.
    alertmanager = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    if prometheus is None:
        raise RealAlertingError("prometheus is not on PATH")
    if alertmanager is None:
        raise RealAlertingError("neither alertmanager nor prometheus-alertmanager is on PATH")
    return Binaries(prometheus, alertmanager)


@asynccontextmanager
async def real_alerting(
    folder: Path,
    cluster: str,
    nodes: Mapping[str, str],
    webhook_url: str,
    token: str,
    *,
    speed: float = 1.0,
    group_interval_s: int = 1,
    bot_url: str = "",
) -> AsyncIterator[RealAlerting]:
    """Run both programs on free loopback ports until the block ends.

    Files, storage and logs go into the folder. speed divides every `for` and range of the rules; bot_url is
    the bot's own, where its metrics are to be scraped. Raises RealAlertingError if a program is missing or
    does not get ready.
    """
    binaries = find_binaries()
    prometheus, alertmanager = _free_address(), _free_address()
    config = write_prometheus_config(folder, cluster, nodes, alertmanager, speed, bot_url=bot_url)
    routes = write_alertmanager_config(folder, webhook_url, token, group_interval_s)
    async with AsyncExitStack() as running:
        for argv, address in (
            (_alertmanager_argv(binaries, routes, alertmanager), alertmanager),
            (_prometheus_argv(binaries, config, prometheus), prometheus),
        ):
            await running.enter_async_context(_process(argv, f"http://{address}/-/ready", folder))
        yield RealAlerting(f"http://{prometheus}", f"http://{alertmanager}")


def _prometheus_argv(binaries: Binaries, config: Path, address: str) -> list[str]:
    storage = config.parent / "prometheus"
    files = [f"--config.file={config}", f"--storage.tsdb.path={storage}"]
    return [binaries.prometheus, *files, f"--web.listen-address={address}", "--log.level=warn"]


def _alertmanager_argv(binaries: Binaries, config: Path, address: str) -> list[str]:
    storage = config.parent / "alertmanager"
    files = [f"--config.file={config}", f"--storage.path={storage}"]
    web = [f"--web.listen-address={address}", "--cluster.listen-address="]  # alone, no gossip port
    return [binaries.alertmanager, *files, *web, "--log.level=warn"]


@asynccontextmanager
async def _process(argv: Sequence[str], ready_url: str, folder: Path) -> AsyncIterator[None]:
    log_path = folder / f"{Path(argv[0]).name}.log"
    with log_path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    try:
        await _wait_ready(process, ready_url, log_path)
        yield
    finally:
        await _stop(process)


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _wait_ready(process: asyncio.subprocess.Process, ready_url: str, log_path: Path) -> None:
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
        while process.returncode is None and time.monotonic() < deadline_s:
            try:
                if (await client.get(ready_url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RealAlertingError(f"exit code {process.returncode} before it was ready: {_tail(log_path)}")


def _tail(log_path: Path) -> str:
    return f"{log_path}: {log_path.read_text(encoding='utf-8', errors='replace')[-2000:]}"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
