"""An alert of one's own in the lab: it fires, its thread is read, and it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx

from lab.alerting.webhook import Alert, webhook_body
from lab.headless import PERSON, message_key
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.shapes import Json
from lab.stage import CHANNEL, Say, Stage

SHOWN_WITHIN_S = 40.0
CLOSED_WITHIN_S = 60.0
QUIET_S = 5.0
POLL_S = 0.25
KEYS = ("headline", "findings")
"""What any alert's thread has within seconds; where no rule judges it, the findings have no verdict."""


def own_alert(stage: Stage, name: str) -> Alert:
    """Return an alert of this name on the lab's first node, as no rule of the lab raises it."""
    node = stage.lab.nodes[0].name
    labels = {"alertname": name, "cluster": stage.lab.cluster, "node": node, "severity": "warning"}
    return Alert(labels, {"summary": f"{name} of {node}, sent by hand"}, "", datetime.now(UTC))


async def send(stage: Stage, alert: Alert) -> None:
    """Post it to the bot as Alertmanager does.

    Raises:
        httpx.HTTPError: If the bot does not take it.
    """
    body = webhook_body({"cluster": stage.lab.cluster}, [alert], "http://lab-alerting.invalid")
    url = f"{stage.bot_url}/alertmanager/{stage.lab.cluster}"
    headers = {"Authorization": f"Bearer {stage.webhook_token}"}
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        (await client.post(url, json=body, headers=headers)).raise_for_status()


async def play(stage: Stage, name: str, say: Say) -> Sequence[str]:
    """Let the alert fire, wait for its thread, let it be over, and return what the thread said.

    Raises:
        TimeoutError: If the thread does not come, or does not close.
    """
    alert = own_alert(stage, name)
    async with Person(stage.slack.url, PERSON, CHANNEL) as person:
        say(f"{name} fires")
        await send(stage, alert)
        for key in KEYS:
            await person.wait_for_message(_is(key), SHOWN_WITHIN_S)
        shown = [plain_text(message) for message in await _once_quiet(person)]
        say(f"{name} is over")
        await send(stage, replace(alert, ends_at=datetime.now(UTC)))
        closed = await person.wait_for_message(_is("closed"), CLOSED_WITHIN_S)
        return (*shown, plain_text(closed))


async def _once_quiet(person: Person) -> Sequence[Json]:
    """Return the messages once none has come for a while: a runbook of text has its steps in one more."""
    before, since = 0, time.monotonic()
    while True:
        messages = await person.messages()
        if len(messages) != before:
            before, since = len(messages), time.monotonic()
        elif time.monotonic() - since >= QUIET_S:
            return messages
        await asyncio.sleep(POLL_S)


def _is(key: str) -> Callable[[Json], bool]:
    return lambda message: message_key(message) == key
