"""A posture of 51 nodes with a full week of samples in Redis: from the question to the answer's blocks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from datetime import timedelta
from pathlib import Path

from msgspec import structs

from bot import clients
from bot.slack.views import posture as views
from bot.store.client import connect
from bot.store.postures import PostureStore
from lab.redis_server import redis_url
from measure.bench.figures import Figure
from measure.bench.reading import settings, stubs, write_keys
from runbooks.posture import judge
from runbooks.posture.samples import KEPT_SAMPLES, sample_of

NODES, AGENT_S = 51, 1.2
ALLOWED_MS = 2_000.0
SCREEN_LINES = 45
"""Lines that a desk's screen shows of one message."""


async def measure(folder: Path, runs: int) -> list[Figure]:
    """Return the time of a posture, and how long its answer is."""
    write_keys(folder)
    taken_ms, judged_ms, lines = [], [], 0
    async with (
        redis_url(folder / "redis") as url,
        contextlib.aclosing(connect(url)) as redis,
        stubs(folder, NODES, AGENT_S) as ports,
        clients.reader(settings(folder, ports)) as (reader, _),
    ):
        store = PostureStore(redis, "{bench}")
        first = await reader.read("bench")
        sample = sample_of(first)
        for left in range(KEPT_SAMPLES, 0, -1):
            at = first.started_at - left * timedelta(minutes=15)
            await store.add_sample("bench", structs.replace(sample, at=at))
        for _ in range(runs):
            started = time.perf_counter()
            evidence, samples = await asyncio.gather(reader.read("bench"), store.samples("bench"))
            begun_s = time.process_time()  # to which what else the machine does adds little
            _, blocks = views.answer(judge(evidence, reader.inventory("bench"), samples))
            judged_ms.append((time.process_time() - begun_s) * 1000)
            taken_ms.append((time.perf_counter() - started) * 1000)
            lines = json.dumps(blocks).count("\\n") + len(blocks)
    what = f"{NODES} nodes, {KEPT_SAMPLES} samples, agent {AGENT_S:g} s"
    worst = f"worst {max(taken_ms):.0f} ms; 1500 ms are the gap between two samples of the counters"
    return [
        Figure("posture", what, statistics.median(taken_ms), "ms", ALLOWED_MS, note=worst),
        Figure(
            "posture",
            f"{NODES} nodes, judged and worded, CPU",
            statistics.median(judged_ms),
            "ms",
            ALLOWED_MS,
            note=f"worst {max(judged_ms):.0f} ms",
        ),
        Figure("posture", f"{NODES} nodes, length of the answer", lines, "lines", SCREEN_LINES),
    ]
