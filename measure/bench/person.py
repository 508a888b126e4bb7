"""What a person waits for: from a click to its visible answer in the local workspace, ten incidents open."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import tomlkit

from bot.slack.views import triage_modals
from lab.slack.message import Message
from lab.slack.modals import OpenView
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from measure.bench.bodies import RUNBOOKS_ALERT, body
from measure.bench.figures import Figure, quantile
from measure.bench.load import closed_loop, http_request
from measure.bench.rig import AUTHORIZED, Rig, Running, rig
from measure.bench.slack_stub import SIGNING_SECRET

INCIDENTS = 10
ALLOWED_MS = 300.0
WATCH_EVERY_S = 0.002
BETWEEN_CLICKS_S = 0.7
"""Together with the bot's own edits fewer than the fifty a minute that Slack takes."""

TIMEOUT_S = 10.0
CHANNEL, ONCALL = "C0INCIDENT", "S0ONCALL01"
COLLEAGUES = ("alice", "carol")


async def measure(folder: Path, rounds: int) -> list[Figure]:
    """Measure assigning in two clicks, and a command, on each incident in turn.

    Args:
        folder: For the files.
        rounds: How often each incident is clicked in each way.
    """
    took: dict[str, list[float]] = {"the edited headline": [], "the modal": [], "the answer of a command": []}
    async with rig(folder) as on, SlackWorkspaceServer(signing_secret=SIGNING_SECRET) as slack:
        config = _on_workspace(on, slack)
        async with on.bot("serve", config) as bot, Person(slack.url, "alice") as alice:
            slack.bot_request_url = f"http://127.0.0.1:{bot.address[1]}/slack/events"
            headlines = await _opened(slack, bot)
            for _, to in zip(range(rounds), itertools.cycle(COLLEAGUES)):
                for ts in headlines:
                    seconds, view = await _modal(slack, alice, ts)
                    took["the modal"].append(seconds)
                    took["the edited headline"].append(await _assigned(slack, alice, ts, view, to))
                    took["the answer of a command"].append(await _answered(slack, alice))
    note = f"p50 {{:.0f}} ms, worst {{:.0f}} ms, {rounds * INCIDENTS} times"
    return [
        Figure(
            "person",
            f"click to {what}, p99",
            quantile(times, 0.99) * 1000,
            "ms",
            ALLOWED_MS,
            note=note.format(quantile(times, 0.5) * 1000, max(times) * 1000),
        )
        for what, times in took.items()
    ]


def _on_workspace(on: Rig, slack: SlackWorkspaceServer) -> Path:
    """Write the same configuration, with the workspace in the stub's place."""
    config = on.configure(INCIDENTS)
    document = tomlkit.parse(config.read_text()).unwrap()
    document["slack"] |= {"api_url": f"{slack.url}/api/", "channel": CHANNEL}
    (config.parent / "bot-token").write_text(slack.bot_token)
    for cluster in document["clusters"]:
        cluster |= {"channel": CHANNEL, "confirm_groups": [ONCALL]}
    config.write_text(tomlkit.dumps(document))
    return config


async def _opened(slack: SlackWorkspaceServer, bot: Running) -> list[str]:
    """Open ten incidents of the runbook, read and judged; return the ts of their headlines."""
    for number in range(INCIDENTS):
        request = http_request("/alertmanager", body(f"c{number}", RUNBOOKS_ALERT), AUTHORIZED)
        await closed_loop(bot.address, [request], 1)
    await _until(lambda: len(_shown(slack, "findings")) == INCIDENTS, 60.0)
    await asyncio.sleep(4.0)  # pictures and last edits
    return [message.ts for message in _shown(slack, "headline")]


def _shown(slack: SlackWorkspaceServer, key: str) -> list[Message]:
    return [
        message
        for message in slack.workspace.messages
        if ((message.metadata or {}).get("event_payload") or {}).get("key") == key
    ]


async def _modal(slack: SlackWorkspaceServer, alice: Person, ts: str) -> tuple[float, OpenView]:
    """Click "Assign", and wait until its modal is shown."""
    viewer = slack.workspace.user("alice").id
    seconds = await _timed(
        lambda: alice.click(ts, "care:assign"), lambda: slack.workspace.modals.top(viewer) is not None
    )
    view = slack.workspace.modals.top(viewer)
    assert view
    return seconds, view


async def _assigned(slack: SlackWorkspaceServer, alice: Person, ts: str, view: OpenView, to: str) -> float:
    """Submit the modal, and wait until the headline shows who has the incident."""

    def headline() -> Message:
        return next(message for message in slack.workspace.messages if message.ts == ts)

    before = headline().edited_monotonic_s
    shown = {"id": view.id, "blocks": view.blocks}
    values = {triage_modals.BLOCK: slack.workspace.user(to).id}
    return await _timed(lambda: alice.submit(shown, values), lambda: headline().edited_monotonic_s != before)


async def _answered(slack: SlackWorkspaceServer, alice: Person) -> float:
    before = len(slack.workspace.messages)
    return await _timed(
        lambda: alice.command("/neumann help"), lambda: len(slack.workspace.messages) > before
    )


async def _timed(act: Callable[[], Awaitable[object]], is_seen: Callable[[], bool]) -> float:
    await asyncio.sleep(BETWEEN_CLICKS_S)
    began = time.perf_counter()
    acting = asyncio.ensure_future(act())
    await _until(is_seen, TIMEOUT_S)
    seconds = time.perf_counter() - began
    await acting
    return seconds


async def _until(is_true: Callable[[], bool], timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while not is_true():
            await asyncio.sleep(WATCH_EVERY_S)
