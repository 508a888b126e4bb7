"""`/neumann report month`: what a month of incidents comes to."""

from __future__ import annotations

from handlers import month
from handlers.authorization import check_colleague
from handlers.commands.answers import Asked, MonthShown
from handlers.commands.arguments import month_of, resolve_cluster
from handlers.month import Kept
from handlers.ports import Ports


async def show(ports: Ports, asked: Asked) -> MonthShown:
    """Count up a cluster's month, the present one where none is named.

    Raises:
        UnknownCluster: If there is no such cluster, or several and none was named.
        Refused: If the month is none, or has not come yet.
        NotAllowed: If the asker is a guest or a stranger: the report names nodes.
    """
    await check_colleague(ports, asked.by)
    cluster, wanted = month_of(asked.arguments, ports.time.now())
    kept = Kept(ports.timelines, ports.past, ports.prometheus)
    resolved = resolve_cluster(ports.reader.clusters, cluster)
    return MonthShown(await month.report(kept, resolved, wanted, ports.time.now(), ports.objective))
