"""Slash commands and clicks: beside bare Bolt on the same machine by turns, and as a person sees them."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

from tests.bench.bodies import body
from tests.bench.figures import Figure
from tests.bench.load import Load, closed_loop, http_request
from tests.bench.rig import AUTHORIZED, Rig, Running, rig
from tests.bench.slack_stub import APP, SIGNING_SECRET, TEAM, USER, Post

AT_ONCE = 16
INCIDENTS, CLUSTERS = 64, 20
"""So many that no two clicks at once meet on one incident, and no channel gets more than Slack takes."""

QUIET_S = 20.0
"""How long what is still being answered may take between two rounds."""

SIGNER = SignatureVerifier(SIGNING_SECRET)
SERIAL = itertools.count()
"""Each request differs, so that none is taken for a replay."""


async def measure(folder: Path, rounds: int, count: int) -> list[Figure]:
    """A command that is answered, and a click that changes an incident, both at the web side alone.

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
        figures += await _by_turns(on, f"/neumann help {what}", make, (bare, bot), rounds, count)
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
    """Many at once, then one client, by turns; the first round is to warm up."""
    figures = []
    for at_once in (AT_ONCE, 1):
        loads: dict[str, list[tuple[Load, float]]] = {"bare": [], "bot": []}
        requests = count if at_once > 1 else count // 4
        for turn in range(rounds + 1):
            for (side, one), process in zip(make.items(), sides, strict=True):
                measured = await _round(on, process, [one() for _ in range(requests)], at_once)
                if turn:
                    loads[side].append(measured)
        figures += _rates(what, loads) if at_once > 1 else _single(what, loads)
    return figures


async def _round(on: Rig, process: Running, requests: list[bytes], at_once: int) -> tuple[Load, float]:
    """One round, and its CPU a request with all that follows from it."""
    cpu = process.cpu_s
    load = await closed_loop(process.address, requests, at_once)
    assert set(load.statuses) == {200}, load.statuses
    await _quiet(on)
    return load, (process.cpu_s - cpu) / len(requests) * 1e6


async def _quiet(on: Rig) -> None:
    """Until a while passes in which Slack is not called."""
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


def _rates(what: str, loads: dict[str, list[tuple[Load, float]]]) -> list[Figure]:
    rates = {side: [load.per_s for load, _ in each] for side, each in loads.items()}
    used = {side: statistics.median(cpu for _, cpu in each) for side, each in loads.items()}
    ratio = statistics.median(b / a for a, b in zip(rates["bare"], rates["bot"], strict=True))
    bare = statistics.median(rates["bare"])
    p99 = statistics.median(load.ms(0.99) for load, _ in loads["bot"])
    note = f"p99 {p99:.1f} ms; CPU of the web process {used['bot']:.0f} µs, bare {used['bare']:.0f} µs"
    return [
        Figure(
            "clicks", f"{what}, {AT_ONCE} at once", ratio * bare, "/s", 0.7, bare, at_least=True, note=note
        )
    ]


def _single(what: str, loads: dict[str, list[tuple[Load, float]]]) -> list[Figure]:
    ms = {side: statistics.median(load.ms(0.5) for load, _ in each) for side, each in loads.items()}
    note = f"bare Bolt {ms['bare']:.2f} ms"
    return [Figure("clicks", f"{what}, one client, p50", ms["bot"], "ms", 2.0, note=note)]
