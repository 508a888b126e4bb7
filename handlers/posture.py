"""Read a cluster's posture, look at all of them every so often, and tell what has become worse."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from handlers import judging, load_incidents
from handlers.domain.posture import watch as posture_watch
from handlers.domain.posture.schedule import DigestSchedule, Watching
from handlers.domain.posture.watch import Standing
from handlers.errors import StoreDown
from handlers.ports import Ports, ReadPorts
from handlers.ports.posture import Postures
from runbooks.posture.model import Posture

EARLY = 0.9
"""A look that comes up to a tenth of the interval early counts: several replicas mark it."""


async def read(ports: ReadPorts, cluster: str) -> Posture:
    """Read a cluster now and judge it by what was kept of it; nothing is kept of this reading."""
    if ports.postures is None:
        evidence = await ports.reader.read(cluster)
        return judging.posture_of(evidence, ports.reader.inventory(cluster))
    evidence, samples, standing, mutes = await asyncio.gather(
        ports.reader.read(cluster),
        ports.postures.samples(cluster),
        ports.postures.standing(cluster),
        ports.postures.mutes(cluster),
    )
    posture = judging.posture_of(evidence, ports.reader.inventory(cluster), samples)
    return posture_watch.dated(posture, standing, mutes)


async def watch(ports: Ports, how: Watching) -> tuple[Exception, ...]:
    """Look at every cluster that is due, tell what crossed, and post the digest that is due.

    Returns:
        What went wrong with one cluster and held up no other; it is tried again at the next look.

    Raises:
        StoreDown: If Redis does not answer.
    """
    failed: list[Exception] = []
    for cluster in ports.reader.clusters if ports.postures else ():
        try:
            await _watch(ports, cluster, how)
        except StoreDown:
            raise
        except Exception as error:
            failed.append(error)
    return tuple(failed)


async def _watch(ports: Ports, cluster: str, how: Watching) -> None:
    assert ports.postures  # noqa: S101  the caller has looked
    standing = await ports.postures.standing(cluster)
    if _is_due(ports, standing, how):
        standing = await _look(ports, ports.postures, cluster, standing)
    standing = await _tell_crossed(ports, cluster, standing)
    await _tell_digest(ports, cluster, standing, how.digest)


def _is_due(ports: Ports, standing: Standing, how: Watching) -> bool:
    last = standing.posture
    age = ports.time.now() - last.at if last else None
    # One that lies ahead shows that a clock was set back.
    return age is None or age < timedelta() or age >= EARLY * how.sample_every


async def _look(ports: Ports, postures: Postures, cluster: str, standing: Standing) -> Standing:
    evidence = await ports.reader.read(cluster)
    samples = await postures.samples(cluster)
    posture = judging.posture_of(evidence, ports.reader.inventory(cluster), samples)
    mutes = await postures.mutes(cluster)
    quiet = await _has_open_incident(ports, cluster)
    after = posture_watch.looked(standing, posture, mutes, quiet=quiet)
    if sample := judging.sample_of(evidence):
        await postures.add_sample(cluster, sample)
    await postures.remember(cluster, after)
    return after


async def _has_open_incident(ports: Ports, cluster: str) -> bool:
    incidents, _ = await load_incidents.load(ports, await ports.timelines.open_incidents())
    return any(each.cluster == cluster and not each.closed for each in incidents)


async def _tell_crossed(ports: Ports, cluster: str, standing: Standing) -> Standing:
    """Post what crossed. It is noted only then, so a crash repeats the call, which posts it once."""
    if not (ports.notices and ports.postures and standing.pending):
        return standing
    await ports.notices.crossed(cluster, standing.pending)
    told = standing.model_copy(update={"pending": None})
    await ports.postures.remember(cluster, told)
    return told


async def _tell_digest(
    ports: Ports, cluster: str, standing: Standing, schedule: DigestSchedule | None
) -> None:
    due = schedule.due(ports.time.now()) if schedule else None
    if not (ports.notices and ports.postures and schedule and due and standing.posture):
        return
    name = schedule.name(due)
    if standing.digested != name:
        await ports.notices.digest(cluster, name, standing.posture)
        await ports.postures.remember(cluster, standing.model_copy(update={"digested": name}))
