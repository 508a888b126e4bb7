"""`/neumann posture …`: what could become the next incident, and who wants to hear no more of what."""

from __future__ import annotations

import difflib
from datetime import timedelta

from handlers import posture
from handlers.authorization import check_colleague
from handlers.commands.answers import Asked, PostureShown, Said
from handlers.commands.arguments import UNITS, resolve_cluster, span_of
from handlers.domain.posture.watch import Mute
from handlers.errors import Refused
from handlers.ports import Ports
from handlers.ports.posture import Postures
from runbooks.posture.model import Check

MAX_MUTE = timedelta(days=90)


async def show(ports: Ports, asked: Asked) -> PostureShown:
    """Read every node live and judge what it could lose.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
        NotAllowed: If the asker is a guest or a stranger: the lines name hosts, sources and versions.
    """
    await check_colleague(ports, asked.by)
    cluster = resolve_cluster(ports.reader.clusters, asked.arguments)
    return PostureShown(await posture.read(ports, cluster))


async def mute(ports: Ports, asked: Asked) -> Said:
    """Tell no more of a check until then; its line is shown all the same, with the mute.

    Raises:
        Refused: If the check, the cluster or the span is missing or unknown.
    """
    await check_colleague(ports, asked.by)
    words = asked.arguments.split()
    if len(words) > 2 and words[-1] in UNITS:
        words[-2:] = ["".join(words[-2:])]  # `30 m`
    span = words.pop() if len(words) > 1 and words[-1] not in ports.reader.clusters else ""
    check, cluster = _check_and_cluster(ports, words)
    if not span:
        raise Refused(f"Until when? Write for how long, such as `/neumann posture mute {check} 7d`.")
    lasts = span_of(span, MAX_MUTE)
    if not timedelta() < lasts <= MAX_MUTE:
        raise Refused(f"A check can be muted for one minute to 90 days, and not for {span}.")
    until = ports.time.now() + lasts
    await _postures(ports).mute(cluster, check, Mute(until=until, by=asked.by))
    return Said(f"{cluster}: {check.value} is muted until {until:%Y-%m-%d %H:%M} UTC by {asked.by.name}.")


async def unmute(ports: Ports, asked: Asked) -> Said:
    """Tell of a check again.

    Raises:
        Refused: If the check or the cluster is unknown.
    """
    await check_colleague(ports, asked.by)
    check, cluster = _check_and_cluster(ports, asked.arguments.split())
    await _postures(ports).mute(cluster, check, None)
    return Said(f"{cluster}: {check.value} is no longer muted.")


def _postures(ports: Ports) -> Postures:
    if ports.postures is None:
        raise Refused("Nothing is kept here that could be muted.")
    return ports.postures


def _check_and_cluster(ports: Ports, words: list[str]) -> tuple[Check, str]:
    known = [check.value for check in Check]
    first = words[0] if words else ""
    if first not in known:
        near = difflib.get_close_matches(first, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
        raise Refused(f"Which check? {hint}")
    return Check(first), resolve_cluster(ports.reader.clusters, " ".join(words[1:]))
