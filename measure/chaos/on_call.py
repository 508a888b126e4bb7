"""The person on call, who presses the button, reads the plan and confirms it, and tries again if need be."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx

from lab.slack.person import Person, all_blocks
from lab.slack.plain_text import plain_text
from lab.stage import CHANNEL
from measure.chaos.rig import Rig

FINDINGS_WITHIN_S = 120.0
MODAL_WITHIN_S = 4.0
"""A click's trigger is void after three seconds; then the button is pressed again."""

Json = dict[str, Any]


class OnCall:
    """Somebody who may confirm."""

    def __init__(self, rig: Rig, user: str = "alice") -> None:
        self._rig = rig
        self._person = Person(rig.slack.url, user, CHANNEL)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._person.close()

    async def open_plan(self, remedy: str) -> Json:
        """Press the remedy's button once every node has been read, and return the modal with the plan."""
        deadline = time.monotonic() + FINDINGS_WITHIN_S
        said = "no button"
        while time.monotonic() < deadline:
            for message in await self._person.messages():
                if "still being read" in plain_text(message):
                    continue
                for button in _buttons(message):
                    if button["action_id"].endswith(f":{remedy}"):
                        outcome = await self._person.click(message["ts"], button["action_id"])
                        if outcome.ok:
                            with suppress(TimeoutError):
                                return await self._person.wait_for_modal(MODAL_WITHIN_S, _can_be_submitted)
                        view = await self._person.modal()
                        said = f"the click gave {outcome}, {plain_text(view) if view else 'no modal'}"
            await asyncio.sleep(0.3)
        raise TimeoutError(f"no plan for {remedy} within {FINDINGS_WITHIN_S:.0f} s: {said}")

    async def confirm(self, view: Json) -> str:
        """Submit the modal; the answer in words where it was not taken."""
        try:
            outcome = await self._person.submit(view)
        except httpx.HTTPError as error:
            return f"no answer: {type(error).__name__}"
        still = await self._person.modal()
        if outcome.ok and still is None:
            return ""
        return plain_text(still) if still else f"{outcome.error}"

    async def confirm_until_taken(self, view: Json) -> None:
        """Submit, and submit the plan anew where it had moved on, until a confirmation stands somewhere."""
        timeline, said = self._rig.timeline, ""
        before = len(timeline.all("plan_confirmed", seen=True))
        for _ in range(8):
            said = await self.confirm(view)
            await asyncio.sleep(0.5)
            if not said or len(timeline.all("plan_confirmed", seen=True)) > before:
                return
            view = await self._person.modal() or view
        raise TimeoutError(f"the confirmation was not taken: {said}")

    async def modal(self) -> Json | None:
        """Return the modal on the screen."""
        return await self._person.modal()

    async def bot_messages(self) -> list[Json]:
        """Return what the bot wrote under a key."""
        return [message for message in await self._person.messages() if key_of(message)]


def key_of(message: Json) -> str:
    """Return the incident and key under which the bot posted a message; empty for any other."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return f"{payload['incident']} {payload['key']}" if "key" in payload else ""


def _can_be_submitted(view: Json) -> bool:
    return "submit" in view


def _buttons(message: Json) -> list[Json]:
    return [
        element
        for block in all_blocks(message)
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button"
    ]
