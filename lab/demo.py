"""`neumann-bot demo`: the whole loop on this machine, for a reader at a page or played headless."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab import own_alert
from lab.alerting.prometheus import RealAlertingError
from lab.cluster.cluster import LabError
from lab.demo_output import print_thread, say, say_overload
from lab.faults import FAULTS
from lab.headless import play
from lab.node.settings import MetricsShape
from lab.redis_server import NoRedisError
from lab.slack.shapes import Json
from lab.stage import Stage, stage

FAULT_AFTER_S = 6.0
PAGE_PORT = 8420
"""The same each time, so that whoever comes over SSH can forward it before."""
HEAL_AFTER_FINDINGS_S = 15.0


@dataclass(frozen=True)
class Options:
    """The command line's options. Without a `port` it is the usual one for a reader, if that is free.

    With an `alert` that one fires in place of a fault; `runbook`, a name or a file, is loaded for it.
    """

    fault: str
    alert: str | None = None
    runbook: str | None = None
    headless: bool = False
    json: bool = False
    with_prometheus: bool = False
    port: int | None = None
    metrics_shape: MetricsShape = "state_label"


def main(options: Options) -> int:
    """Run the demo.

    Returns:
        The exit code: 0 if it went well, 1 if the loop did not close, 2 if it could not begin.
    """
    if options.fault not in FAULTS:
        say(f"There is no fault {options.fault!r}; there are {', '.join(FAULTS)}.")
        return 2
    try:
        return asyncio.run(_run(options))
    except (LabError, NoRedisError, RealAlertingError, OSError) as error:
        say(f"The demo cannot start: {_why(error, options.port)}")
        return 2
    except KeyboardInterrupt:
        return 130


def _why(error: Exception, port: int | None) -> str:
    """Return a sentence for what kept it from starting."""
    if isinstance(error, TimeoutError) and not str(error):
        return "a part of it did not answer in time."
    if not isinstance(error, OSError):
        return f"{str(error).removesuffix('.')}."
    said = os.strerror(error.errno) if error.errno else str(error)
    if port and error.errno in (errno.EADDRINUSE, errno.EACCES):
        return f"port {port} cannot be listened on ({said}): name another with --port."
    return f"{error.filename}: {said}." if error.filename else f"{said}."


async def _run(options: Options) -> int:
    ended = _ended_by_signal()
    with tempfile.TemporaryDirectory(prefix="neumann-demo-") as folder:
        working = asyncio.create_task(_play(options, Path(folder)))
        await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            say("ending; everything is taken down")
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working
            return 130 if options.headless else 0
        ended.cancel()
        return working.result()


async def _play(options: Options, folder: Path) -> int:
    started = time.monotonic()
    async with stage(
        folder,
        lambda part: say(f"starting {part}"),
        page_port=_page_port(options),
        with_prometheus=options.with_prometheus,
        metrics_shape=options.metrics_shape,
        runbooks=_runbooks(options),
    ) as running:
        say(f"everything runs after {time.monotonic() - started:.1f} s")
        say_overload()
        if options.headless:
            return await (_own_alert(running, options) if options.alert else _headless(running, options))
        await _for_a_reader(running, options)
    return 0


def _runbooks(options: Options) -> tuple[str, ...]:
    """Return what the bot is to load: a file by its full path, anything else as it was named."""
    if options.runbook is None:
        return ()
    file = Path(options.runbook)
    return (str(file.resolve()) if file.exists() else options.runbook,)


def _page_port(options: Options) -> int:
    """Return the port that was asked for, else the usual one; 0 (any) where that is taken or nobody reads."""
    if options.port is not None or options.headless:
        return options.port or 0
    try:
        socket.create_server(("127.0.0.1", PAGE_PORT)).close()
    except OSError:
        say(f"port {PAGE_PORT} is taken, so the page has another one this time")
        return 0
    return PAGE_PORT


async def _headless(running: Stage, options: Options) -> int:
    report = await play(running, options.fault, say)
    if options.json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        print_thread(report.thread)
    if report.ok:
        say("the loop closed")
        return 0
    say(f"the loop did not close: {report.failure or 'see the report'}")
    say_overload()
    return 1


async def _own_alert(running: Stage, options: Options) -> int:
    assert options.alert  # noqa: S101 (tells the type checker)
    try:
        thread = await own_alert.play(running, options.alert, say)
    except TimeoutError as error:
        say(f"the thread did not come to its end: {error}")
        say_overload()
        return 1
    if options.json:
        sys.stdout.write(json.dumps({"alert": options.alert, "thread": thread}, indent=2) + "\n")
    else:
        print_thread(thread)
    say("the thread is whole")
    return 0


async def _for_a_reader(running: Stage, options: Options) -> None:
    fault = FAULTS[options.fault]
    sys.stdout.write(f"\n  Open {running.slack.url}\n\n")
    sys.stdout.flush()
    if os.environ.get("SSH_CONNECTION"):
        port = running.slack.url.rpartition(":")[2]
        say(f"From where you sit, first: ssh -N -L {port}:127.0.0.1:{port} THIS-HOST")
    say("In the page's message box, `/neumann election status` and `/neumann help` work at once.")
    if options.alert:
        await asyncio.sleep(FAULT_AFTER_S)
        await own_alert.send(running, own_alert.own_alert(running, options.alert))
        say(f"{options.alert} fires until the demo ends. Ctrl-C ends it all.")
        await asyncio.Event().wait()
    say(f"In {FAULT_AFTER_S:.0f} s: {fault.summary}")
    await asyncio.sleep(FAULT_AFTER_S)
    await fault.inject(running.lab)
    say("The fault is made. The alert comes in a few seconds; then read the thread. Ctrl-C ends it all.")
    if fault.heals_itself:
        while not _has_findings(running):  # noqa: ASYNC110  the workspace is looked at as a reader would
            await asyncio.sleep(0.5)
        await asyncio.sleep(HEAL_AFTER_FINDINGS_S)
        await fault.heal(running.lab)
        say("The lab has mended it as people would; the bot sees that by itself.")
    await asyncio.Event().wait()


def _has_findings(running: Stage) -> bool:
    def key(metadata: Json | None) -> str:
        return str(((metadata or {}).get("event_payload") or {}).get("key", ""))

    return any(key(message.metadata) == "findings" for message in running.slack.workspace.messages)


def _ended_by_signal() -> asyncio.Future[int]:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    return ended
