"""Try ping as this user: what it may do, what is read in place of what it may not, and the mend."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from agent.errors import CommandError
from agent.readings.full_pings import FULL_ARGUMENTS
from agent.readings.probes import FAST_ARGUMENTS, SLOW_ARGUMENTS, parse_ping
from agent.run_command import run
from agent.settings import Settings
from shared.sanitize import plain

_HERE = "127.0.0.1"
_ONCE = ("-c", "1", _HERE)
"""Of an option that is there twice, ping takes the last one."""
_ALLOW_ON_A_HOST = (
    "give the unit AmbientCapabilities=CAP_NET_RAW, or allow it to everybody,"
    ' sysctl net.ipv4.ping_group_range="0 2147483647"'
)
_ALLOW_IN_A_POD = (
    "allow it to the pod's group, in its securityContext.sysctls:"
    ' { name: net.ipv4.ping_group_range, value: "0 65534" }'
)


def ping_problems(settings: Settings) -> Iterator[str]:
    """Yield a sentence for what ping does not do here, with what is done in its place."""
    ping, refusal = settings.commands.ping, _refusal(settings, FAST_ARGUMENTS)
    if refusal is None:
        yield from _full_size(settings)
    elif _refusal(settings, SLOW_ARGUMENTS) is None:
        yield (
            f"{ping} sends no pings every 10 ms ({refusal}): 8 go to each peer in place of 100, which show a"
            " loss from 30 % on, not from 4 %; install iputils 20210722 or newer."
        )
        yield from _full_size(settings)
    else:
        yield (
            f"{ping} may not be used ({refusal}): links are judged by TCP connects alone, without loss, round"
            f" trips and MTU; {_ALLOW_IN_A_POD if settings.kubernetes else _ALLOW_ON_A_HOST}."
        )


def _full_size(settings: Settings) -> Iterator[str]:
    refusal = _refusal(settings, (*FULL_ARGUMENTS, "-s", "1472"))
    if refusal:
        yield (
            f"{settings.commands.ping} sends no packets of full size that may not be cut ({refusal}): paths"
            " that lose them are not found; install iputils, as `commands.ping`."
        )


def _refusal(settings: Settings, arguments: tuple[str, ...]) -> str | None:
    """Return what ping says where it prints no counts; `None` where it does."""
    argv = [str(settings.commands.ping), *arguments, *_ONCE]
    try:
        output = asyncio.run(run(argv, timeout_s=settings.deadlines.pings))
    except CommandError as error:
        return str(error)
    if parse_ping("", output.stdout):
        return None
    said = (output.stderr or output.stdout).replace(f"{settings.commands.ping}: ", "")
    return plain(said, limit=160) or "it said nothing"
