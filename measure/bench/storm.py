"""The storm: 20,000 alerts a minute in groups, 30 % said before, while Slack takes one message a second.

What is lost or double is counted from outside: the timelines in Redis against what was sent.
"""

from __future__ import annotations

import asyncio
import collections
import time
from contextlib import aclosing
from pathlib import Path

from redis.asyncio import Redis

from bot.config import Settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from measure.bench.bodies import RUNBOOKS_ALERT, Group, storm
from measure.bench.figures import Figure
from measure.bench.load import http_request, open_loop
from measure.bench.rig import AUTHORIZED, cluster_names, rig, settings_of

ALERTS_A_MINUTE = 20_000
CLUSTERS = 50
NAMES = (RUNBOOKS_ALERT, *(f"Alert{number}" for number in range(1, 20)))
SEED = 20_261_124
DRAIN_S = 300.0


async def measure(folder: Path, minutes: float) -> list[Figure]:
    """Send it, let the inbox run empty, and compare.

    Args:
        folder: For the files.
        minutes: How long it lasts.
    """
    groups = storm(round(ALERTS_A_MINUTE * minutes), cluster_names(CLUSTERS), NAMES, SEED)
    requests = [http_request("/alertmanager", group.body(), AUTHORIZED) for group in groups]
    due_s = [60 * minutes * number / len(groups) for number in range(len(groups))]
    async with rig(folder) as on:
        on.slack.has_rate_limits = True
        config = on.configure(CLUSTERS)
        settings = settings_of(config)
        async with on.bot("serve", config) as bot, aclosing(connect(on.redis)) as redis:
            cpu = bot.cpu_s
            load = await open_loop(bot.address, requests, due_s)
            drained_s = await _drained(redis, settings.redis.prefix)
            cpu = bot.cpu_s - cpu
            stored = await _stored(redis, settings)
            peak = bot.peak_mib
    lost, double = _compared(groups, stored)
    alerts = sum(len(group.numbers) for group in groups)
    sent = f"{alerts:,} alerts in {len(groups):,} groups, {minutes:g} min"
    refused = sum(count for status, count in load.statuses.items() if status != 200)
    return [
        Figure("storm", f"alerts lost of {sent}", lost, "", 0.0, note=f"{len(stored):,} incidents"),
        Figure("storm", "incidents too many", double, "", 0.0),
        Figure("storm", "notifications not taken", refused, "", 0.0),
        Figure("storm", "intake p50", load.ms(0.5), "ms"),
        Figure("storm", "intake p99", load.ms(0.99), "ms", 500.0, note=f"worst {load.ms(1):.0f} ms"),
        Figure("storm", "peak memory of the bot", peak, "MiB", 256.0, note="web and worker in one process"),
        Figure("storm", "inbox empty after the last", drained_s, "s"),
        Figure("storm", "CPU of the bot", cpu / load.wall_s * 100, "% of a core"),
        Figure(
            "storm",
            "threads opened by then",
            len({post.value_of("care:assign") for post in on.slack.posts if post.key == "headline"}),
            f"of {len(stored)}",
            note=f"{len(on.slack.posts)} messages, {len(on.slack.edits)} edits, {on.slack.refused} refused",
        ),
    ]


async def _drained(redis: Redis, prefix: str) -> float:
    """Return how long it takes until nothing is left in the inbox."""
    began = time.perf_counter()
    while await redis.xlen(f"{prefix}:inbox"):
        assert time.perf_counter() - began < DRAIN_S, "the inbox does not run empty"
        await asyncio.sleep(0.05)
    return time.perf_counter() - began


async def _stored(redis: Redis, settings: Settings) -> list[Incident]:
    """Return every incident there ever was, folded from its timeline."""
    timelines = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    return [await timelines.load(incident_id) for incident_id in await timelines.given_out()]


def _compared(groups: list[Group], stored: list[Incident]) -> tuple[int, int]:
    """Return how many alerts are in no incident of their own, and how many incidents are too many."""
    kept: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    times: collections.Counter[tuple[str, str]] = collections.Counter()
    for incident in stored:
        names = {alert.name for alert in incident.alerts.values()}
        times[incident.cluster, incident.runbook] += 1
        for name in names:
            kept[incident.cluster, name] |= incident.alerts.keys()
    wanted: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    for group in groups:
        wanted[group.cluster, group.name] |= set(group.fingerprints)
    lost = sum(len(alerts - kept[where]) for where, alerts in wanted.items())
    return lost, sum(count - 1 for count in times.values())
