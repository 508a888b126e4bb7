"""Slash commands and clicks beside bare Bolt, by turns: how fast each is stored, and that it is answered."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from bot.store.client import connect
from measure.bench.bodies import body
from measure.bench.figures import Figure
from measure.bench.load import Load, closed_loop, http_request
from measure.bench.rig import AUTHORIZED, Rig, Running, rig
from measure.bench.slack_stub import APP, SIGNING_SECRET, TEAM, USER, Post

AT_ONCE = 16
INCIDENTS, CLUSTERS = 64, 20
"""So many that no two clicks at once meet on one incident, and no channel gets more than Slack takes."""

QUIET_S = 60.0
"""How long what is still being answered may take between two rounds."""

ANSWER = "one"
"""How the stub counts what came to a response URL."""

SIGNER = SignatureVerifier(SIGNING_SECRET)
SERIAL = itertools.count()
"""Each request differs, so that none is taken for a replay."""


@dataclass(frozen=True)
class Round:
    """How fast requests were acknowledged, what CPU each took there, and how many were answered a second."""

    load: Load
    cpu_us: float
    done_per_s: float


async def measure(folder: Path, rounds: int, count: int) -> list[Figure]:
    """Measure a command and a click that changes an incident: one process stores, another answers.

    Args:
        folder: For the files.
        rounds: How often each is measured; figures are medians.
        count: Requests a round.
    """
    async with rig(folder) as on:
        config = on.configure(CLUSTERS, nodes=1)
        async with on.bare() as bare, on.bot("web", config) as bot, on.bot("worker", config):
            return await _measured(on, bare, bot, rounds, count)


async def _measured(on: Rig, bare: Running, bot: Running, rounds: int, count: int) -> list[Figure]:
    posts = await _incidents(on, bot)
    figures = []
    for what, command in (("beside Bolt that only acks", "/neumann"), ("... that answers", "/answered")):
        make = {"bare": lambda: _command(on, command), "bot": lambda: _command(on, "/neumann")}  # noqa: B023
        before = on.slack.calls.get(ANSWER, 0)
        figures += await _by_turns(on, f"/neumann help {what}", make, (bare, bot), rounds, count)
        sent = (rounds + 1) * (count + count // 4)
        answers = on.slack.calls.get(ANSWER, 0) - before
        lost = sent * (2 if command == "/answered" else 1) - answers  # there bare Bolt answers too
        figures.append(Figure("clicks", f"of {sent:,} commands, without their one answer", lost, "", 0.0))
    click = {"bare": lambda: _click(on, next(posts)), "bot": lambda: _click(on, next(posts))}
    figures += await _by_turns(on, "a click on Acknowledge", click, (bare, bot), rounds, count)
    return figures


async def _by_turns(
    on: Rig,
    what: str,
    make: dict[str, Callable[[], bytes]],
    sides: tuple[Running, Running],
    rounds: int,
    count: int,
) -> list[Figure]:
    """Measure many clients at once, then one, by turns; the first round is to warm up."""
    figures = []
    for at_once in (AT_ONCE, 1):
        taken: dict[str, list[Round]] = {"bare": [], "bot": []}
        requests = count if at_once > 1 else count // 4
        for turn in range(rounds + 1):
            for (side, one), process in zip(make.items(), sides, strict=True):
                measured = await _round(on, process, [one() for _ in range(requests)], at_once)
                if turn:
                    taken[side].append(measured)
        figures += _rates(what, taken) if at_once > 1 else _single(what, taken)
    return figures


async def _round(on: Rig, process: Running, requests: list[bytes], at_once: int) -> Round:
    """Run one round, until all of it is answered and what followed from it is over."""
    cpu, began = process.cpu_s, time.perf_counter()
    load = await closed_loop(process.address, requests, at_once)
    assert set(load.statuses) == {200}, load.statuses
    async with asyncio.timeout(QUIET_S), aclosing(connect(on.redis)) as redis:
        while await redis.xlen("{bench}:slack-requests"):
            await asyncio.sleep(0.01)
    done_per_s = len(requests) / (time.perf_counter() - began)
    await _quiet(on)
    return Round(load, (process.cpu_s - cpu) / len(requests) * 1e6, done_per_s)


async def _quiet(on: Rig) -> None:
    """Wait until Slack has not been called for a while."""
    began, before = time.perf_counter(), -1
    while time.perf_counter() - began < QUIET_S:
        calls = sum(on.slack.calls.values())
        if calls == before:
            return
        before = calls
        await asyncio.sleep(0.3)


async def _incidents(on: Rig, bot: Running) -> Iterator[Post]:
    """Open incidents; their headlines in turn, for ever."""
    for number in range(INCIDENTS):
        request = http_request("/alertmanager", body(f"c{number % CLUSTERS}", f"Alert{number}"), AUTHORIZED)
        await closed_loop(bot.address, [request], 1)
    return itertools.cycle(await on.slack.until(INCIDENTS, "headline"))


def _signed(form: dict[str, str]) -> bytes:
    sent = urlencode({**form, "serial": str(next(SERIAL))})
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": SIGNER.generate_signature(timestamp=timestamp, body=sent) or "",
    }
    return http_request("/slack/events", sent.encode(), headers)


def _command(on: Rig, command: str) -> bytes:
    return _signed(
        {
            "command": command,
            "text": "help",
            "user_id": USER,
            "user_name": "alice",
            "team_id": TEAM,
            "api_app_id": APP,
            "channel_id": "C-c0",
            "trigger_id": "1.1.1",
            "response_url": on.slack.response_url,
        }
    )


def _click(on: Rig, post: Post) -> bytes:
    action = {"type": "button", "block_id": "care", "action_id": "care:acknowledge"}
    payload = {
        "type": "block_actions",
        "api_app_id": APP,
        "team": {"id": TEAM, "domain": "bench"},
        "user": {"id": USER, "username": "alice", "team_id": TEAM},
        "channel": {"id": post.channel},
        "message": {"ts": post.ts},
        "trigger_id": "1.1.1",
        "response_url": on.slack.response_url,
        "actions": [{**action, "value": post.value_of("care:acknowledge"), "action_ts": "1.1"}],
    }
    return _signed({"payload": json.dumps(payload)})


def _rates(what: str, taken: dict[str, list[Round]]) -> list[Figure]:
    rates = {side: [each.load.per_s for each in rows] for side, rows in taken.items()}
    used = {side: statistics.median(each.cpu_us for each in rows) for side, rows in taken.items()}
    ratio = statistics.median(b / a for a, b in zip(rates["bare"], rates["bot"], strict=True))
    bare = statistics.median(rates["bare"])
    p99 = statistics.median(each.load.ms(0.99) for each in taken["bot"])
    done = statistics.median(each.done_per_s for each in taken["bot"])
    note = f"p99 {p99:.1f} ms; CPU of the web process {used['bot']:.0f} µs, bare {used['bare']:.0f} µs"
    stored = f"{what}, {AT_ONCE} at once, acknowledged"
    return [
        Figure("clicks", stored, ratio * bare, "/s", 0.7, bare, at_least=True, note=note),
        Figure("clicks", f"{what}, {AT_ONCE} at once, answered by one worker", done, "/s"),
    ]


def _single(what: str, taken: dict[str, list[Round]]) -> list[Figure]:
    ms = {side: statistics.median(each.load.ms(0.5) for each in rows) for side, rows in taken.items()}
    note = f"bare Bolt {ms['bare']:.2f} ms"
    return [Figure("clicks", f"{what}, one client, p50", ms["bot"], "ms", 2.0, note=note)]
