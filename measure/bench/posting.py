"""From an alert to its headline in Slack: idle, with a slow Slack, and as a burst under Slack's own rates."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from pathlib import Path

from lab.slack.rate_limits import POST_BURST
from measure.bench.bodies import RUNBOOKS_ALERT, body
from measure.bench.figures import Figure, quantile
from measure.bench.load import Load, closed_loop, http_request, open_loop
from measure.bench.rig import AUTHORIZED, Rig, cluster_names, rig
from measure.bench.slack_stub import Post, SlackStub

CLUSTERS = 50
GROUPS_A_CLUSTER = 20
SLOW_S = 0.15
NAME = re.compile(r"(\w+) on (c\d+)")
"""The summary of an alert, as the headline repeats it."""


async def measure(folder: Path, rounds: int, count: int) -> list[Figure]:
    """Measure all three.

    Args:
        folder: For the files.
        rounds: How often the idle way is measured, by turns with the bare limit.
        count: Alerts a round.
    """
    async with rig(folder) as on:
        idle = await _idle(on, rounds, count)
    async with rig(folder) as on:
        slow = await _slow(on)
    async with rig(folder) as on:
        burst = await _burst(on)
    return [*idle, *slow, *burst]


async def _idle(on: Rig, rounds: int, count: int) -> list[Figure]:
    took: dict[str, list[list[float]]] = {"bare": [], "bot": []}
    used: dict[str, list[float]] = {"bare": [], "bot": []}
    async with on.bare() as bare, on.bot("serve", on.configure(CLUSTERS)) as bot:
        sides = {"bare": (bare, "/alert", None), "bot": (bot, "/alertmanager", "headline")}
        for turn in range(rounds + 1):
            for side, (process, path, key) in sides.items():
                times, cpu = [], process.cpu_s
                for number in range(count):
                    await asyncio.sleep(0.05)  # idle again
                    posted = len([post for post in on.slack.posts if key in (None, post.key)])
                    where = f"c{number % CLUSTERS}"  # no channel gets more than Slack takes at once
                    request = http_request(path, body(where, f"{side}{turn}x{number}"), AUTHORIZED)
                    sent = time.perf_counter()
                    await closed_loop(process.address, [request], 1)
                    found = await on.slack.until(posted + 1, key)
                    times.append(found[posted].at - sent)
                if turn:  # the first is to warm up
                    took[side].append(times)
                    used[side].append((process.cpu_s - cpu) / count * 1000)
                on.slack.posts.clear()
    return _idle_figures(took, used)


def _idle_figures(took: dict[str, list[list[float]]], used: dict[str, list[float]]) -> list[Figure]:
    cpu_ms = {side: statistics.median(each) for side, each in used.items()}
    what = "CPU of an alert, all that follows included"
    figures = [Figure("posting", what, cpu_ms["bot"], "ms", bare=cpu_ms["bare"])]
    for share in (0.5, 0.99):
        ms = {
            side: statistics.median(quantile(times, share) for times in rows) * 1000
            for side, rows in took.items()
        }
        figures.append(
            Figure(
                "posting",
                f"alert to headline, idle, p{share * 100:.0f}",
                ms["bot"],
                "ms",
                target=3.0 if share == 0.5 else None,
                bare=ms["bare"],
                note="bare: receive, parse, one Redis write, one post",
            )
        )
    return figures


def _everything() -> list[tuple[str, str]]:
    """Return a runbook's alert and nineteen others on each of fifty clusters, turn by turn."""
    names = [RUNBOOKS_ALERT, *(f"Alert{number}" for number in range(1, GROUPS_A_CLUSTER))]
    return [(cluster, name) for name in names for cluster in cluster_names(CLUSTERS)]


async def _sent(on: Rig, groups: list[tuple[str, str]], timeout_s: float) -> tuple[Load, float, list[Post]]:
    """Send them all as fast as they are taken, and wait for their headlines."""
    requests = [http_request("/alertmanager", body(*group), AUTHORIZED) for group in groups]
    async with on.bot("serve", on.configure(CLUSTERS)) as bot:
        began = time.perf_counter()
        load = await open_loop(bot.address, requests, [0.0] * len(requests))
        assert set(load.statuses) == {200}, load.statuses
        headlines = await on.slack.until(len(groups), "headline", timeout_s)
    return load, began, headlines


def _named(posts: list[Post]) -> dict[tuple[str, str], Post]:
    """Return the first headline of each group, by cluster and name of its alert."""
    found: dict[tuple[str, str], Post] = {}
    for post in posts:
        match = NAME.search(str(post.arguments))
        assert match, post.arguments
        found.setdefault((match[2], match[1]), post)
    return found


async def _slow(on: Rig) -> list[Figure]:
    groups = _everything()
    on.slack.latency_s = SLOW_S
    _, began, headlines = await _sent(on, groups, 300.0)
    found = _named(headlines)
    took = [post.at - began for post in found.values()]
    what = f"of {len(groups):,} groups at once, Slack at {SLOW_S * 1000:.0f} ms a call"
    return [
        Figure("posting", f"threads opened {what}", len(found), "", float(len(groups)), at_least=True),
        Figure("posting", f"headlines too many {what}", len(headlines) - len(found), "", 0.0),
        Figure("posting", f"last thread {what}", max(took), "s", note=_mix(on.slack)),
    ]


async def _burst(on: Rig) -> list[Figure]:
    groups = _everything()
    on.slack.has_rate_limits = True
    load, began, headlines = await _sent(on, groups, 300.0)
    found = _named(headlines)
    took = [post.at - began for post in found.values()]
    bound = [_bound_s(on.slack, headline) for headline in found.values()]
    p99, least = quantile(took, 0.99), quantile(bound, 0.99)
    note = f"bare: what stood in the channel before, at 1/s after {POST_BURST}; {_mix(on.slack)}"
    what = f"of {len(groups):,} groups on {CLUSTERS} clusters, Slack at 1/s a channel"
    return [
        Figure("posting", f"threads opened {what}", len(found), "", float(len(groups)), at_least=True),
        Figure("posting", f"headlines too many {what}", len(headlines) - len(found), "", 0.0),
        Figure("posting", f"alert to headline p99 {what}", p99, "s", target=1.2, bare=least, note=note),
        Figure("posting", f"intake p99 {what}", load.ms(0.99), "ms", note="64 connections, all at once"),
    ]


def _bound_s(slack: SlackStub, post: Post) -> float:
    """Return when Slack's rate alone would admit this headline, behind those before it in its channel."""
    before = sum(
        each.channel == post.channel and each.key == "headline" and each.at <= post.at for each in slack.posts
    )
    return max(0.0, float(before - POST_BURST))


def _mix(slack: SlackStub) -> str:
    replies = sum(post.key != "headline" for post in slack.posts)
    return f"{replies} replies and {len(slack.edits)} edits beside, {slack.refused} calls refused"
