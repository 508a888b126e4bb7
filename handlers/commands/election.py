"""`/neumann election …`: read how a cluster is now, and list how it has been."""

from __future__ import annotations

from datetime import timedelta

from handlers import load_incidents
from handlers.authorization import check_colleague
from handlers.commands.answers import Asked, ElectionStatus, History, Watch
from handlers.commands.arguments import resolve_cluster
from handlers.judging import diagnosis_of
from handlers.ports import Ports, ReadPorts
from runbooks.all_runbooks import ELECTION, RUNBOOKS

WATCH_EVERY_S = 15.0
WATCH_TIMES = 4
"""A response URL takes five answers; the first is the status itself."""

HISTORY = timedelta(days=7)


async def status(ports: Ports, asked: Asked) -> ElectionStatus:
    """Read every node live and judge it.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
    """
    return await read(ports, resolve_cluster(ports.reader.clusters, asked.arguments))


async def read(ports: ReadPorts, cluster: str) -> ElectionStatus:
    """Read every node of a configured cluster live and judge it."""
    evidence = await ports.reader.read(cluster)
    return ElectionStatus(evidence, diagnosis_of(RUNBOOKS[ELECTION], evidence))


async def diagnose(ports: Ports, asked: Asked) -> ElectionStatus:
    """Show the election's status with every finding and its evidence.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
        NotAllowed: If the asker is a guest or a stranger: evidence has paths, addresses and log lines.
    """
    await check_colleague(ports, asked.by)
    seen = await status(ports, asked)
    return ElectionStatus(seen.evidence, seen.diagnosis, in_full=True)


async def watch(ports: Ports, asked: Asked) -> Watch:
    """Show the election's status for a minute.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
    """
    cluster = resolve_cluster(ports.reader.clusters, asked.arguments)
    return Watch(cluster, WATCH_EVERY_S, WATCH_TIMES)


async def history(ports: Ports, asked: Asked) -> History:
    """List the cluster's incidents of the last seven days.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
    """
    cluster = resolve_cluster(ports.reader.clusters, asked.arguments)
    ids = {
        *await ports.past.released_within(HISTORY.total_seconds()),
        *await ports.timelines.open_incidents(),
    }
    incidents, _ = await load_incidents.load(ports, ids)
    mine = [each for each in incidents if each.cluster == cluster and each.opened_at]
    newest_first = sorted(mine, key=lambda each: each.opened_at or ports.time.now(), reverse=True)
    return History(cluster, ports.time.now() - HISTORY, tuple(newest_first))
