"""See the peers from this node: TCP connects to their ports, and ping."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import time
from contextlib import suppress

from agent.addresses import split_address
from agent.errors import CommandError, ReadingError
from agent.protocol import Connect, ConnectResult, Ping, PortName
from agent.run_command import run
from agent.settings import Peer, Settings
from shared.sanitize import plain

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
# The runbook's 100 probes: they show a loss of 4 % or more with 95 % certainty, and are sent within a second.
FAST_ARGUMENTS = ("-n", "-c", "100", "-i", "0.01", "-W", "1")
# iputils before mid-2021 lets nobody but root ping more often than every 200 ms.
SLOW_ARGUMENTS = ("-n", "-c", "8", "-i", "0.2", "-W", "1")
# An agent whose own loop comes so late cannot tell its lateness from the network's.
_LATE_LOOP_S = 0.25
_LOOP_TICK_S = 0.02
# Room for a busy node to notice its deadlines; `took_ms` then shows that it was late.
_CONNECT_GRACE_S = 0.4
_PING_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_PING_TIMES = re.compile(r"(?:rtt|round-trip) min/avg/max(?:/\w+)? = ([\d.]+)/([\d.]+)/([\d.]+)")


async def read_connects(settings: Settings) -> tuple[Connect, ...]:
    """Connect to every peer's Raft and gossip port at once; a connect that times out is a result.

    One that has no result shortly after its deadline is unknown, and costs no other its own. Where this
    process itself came late meanwhile, for want of CPU, a connect that timed out is unknown as well.
    """
    ports: tuple[PortName, ...] = ("raft", "gossip")
    within_s = settings.deadlines.connects
    tasks = {
        asyncio.create_task(_connect(peer, port, timeout_s=within_s)): (peer.node, port)
        for peer in settings.peers
        for port in ports
    }
    if not tasks:
        return ()
    lag = LoopLag()
    watching = asyncio.create_task(lag.watch())
    try:
        _, late = await asyncio.wait(tasks, timeout=within_s + _CONNECT_GRACE_S)
    finally:
        for task in (*tasks, watching):
            task.cancel()
    starved = lag.worst_s > _LATE_LOOP_S
    return tuple(
        Connect(peer=node, port=port, result="unknown")
        if task in late or (starved and task.result().result == "timeout")
        else task.result()
        for task, (node, port) in tasks.items()
    )


class LoopLag:
    """How late this process's event loop came at the worst, in seconds, while it was watched."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + _LOOP_TICK_S
            await asyncio.sleep(_LOOP_TICK_S)
            self.worst_s = max(self.worst_s, time.monotonic() - due)


async def read_pings(settings: Settings) -> tuple[Ping, ...]:
    """Ping every peer at once; a peer whose ping gave no figures is left out.

    Raises:
        ReadingError: If there are peers and none gave figures.
    """
    answers = await asyncio.gather(*(_ping(settings, peer) for peer in settings.peers))
    pings = tuple(answer for answer in answers if isinstance(answer, Ping))
    if settings.peers and not pings:
        raise ReadingError(next(answer for answer in answers if isinstance(answer, str)))
    return pings


async def _connect(peer: Peer, port: PortName, *, timeout_s: float) -> Connect:
    host, number = split_address(peer.raft if port == "raft" else peer.gossip)
    start = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, number)
    except OSError as error:
        return Connect(peer=peer.node, port=port, result=classify(error))
    latency_ms = (time.monotonic() - start) * 1000
    writer.close()
    # The peer may reset what was opened only to be closed; the connect is what was asked.
    with suppress(OSError):
        await writer.wait_closed()
    return Connect(peer=peer.node, port=port, result="open", latency_ms=latency_ms)


def classify(error: OSError) -> ConnectResult:
    """Name why a connect failed."""
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError):
        return "reset"
    return "unreachable" if error.errno in _UNREACHABLE else "unknown"


async def _ping(settings: Settings, peer: Peer) -> Ping | str:
    """Ping as often as the runbook says, or where that is refused as often as an old ping lets anybody."""
    said = ""
    for arguments in (FAST_ARGUMENTS, SLOW_ARGUMENTS):
        try:
            output = await run(
                [str(settings.commands.ping), *arguments, peer.ping], timeout_s=settings.deadlines.pings
            )
        except CommandError as error:
            return str(error)
        # The exit code says only whether all came back, which the counts say better.
        if ping := parse_ping(peer.node, output.stdout):
            return ping
        said = plain(output.stderr.strip() or output.stdout.strip(), limit=200) or "it said nothing"
    return f"ping to {peer.node} printed no counts: {said}"


def parse_ping(peer: str, printed: str) -> Ping | None:
    """Parse the summary of iputils' or busybox's ping; `None` where there is none."""
    counts = _PING_COUNTS.search(printed)
    if counts is None:
        return None
    times = _PING_TIMES.search(printed)
    rtt_min_ms, rtt_avg_ms, rtt_max_ms = (float(text) for text in times.groups()) if times else (None,) * 3
    return Ping(
        peer=peer,
        sent=int(counts[1]),
        received=int(counts[2]),
        rtt_min_ms=rtt_min_ms,
        rtt_avg_ms=rtt_avg_ms,
        rtt_max_ms=rtt_max_ms,
    )
