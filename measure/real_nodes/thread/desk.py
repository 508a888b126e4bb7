"""A person at the page over real nodes: what is read, pressed and confirmed; and the bot's command line."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.slack.views.message import APPROVE_ACTION
from lab.cluster.process import Process
from lab.layout import Address
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from lab.slack.shapes import Json
from tests.waiting import until

REFUSED = "The agent refuses"
BOT = Address("127.0.0.1", 8080)
MAX_PRESSES = 10
READS_REFUSAL_S = 3.0
"""A person reads before pressing again; one who does not has soon asked too much of Slack's directory."""
PLAN_WITHIN_S = 40.0
FINDINGS_WITHIN_S = 120.0
RUN_WITHIN_S = 240.0
CLOSED_WITHIN_S = 120.0
QUIET_WITHIN_S = 300.0


class VoidPlanError(LookupError):
    """The plan does not hold any more, and what the person was told instead."""


@dataclass(frozen=True)
class Loop:
    """What became of one incident: the words of the findings, of the run and of the end."""

    findings: str
    run: str
    end: str
    took_s: float


class Desk:
    """A person on call, the bot's configuration, and the command line on the bot's host."""

    def __init__(self, person: Person, folder: Path, slack: SlackWorkspaceServer) -> None:
        self.person, self.folder, self.slack = person, folder, slack
        self.config = folder / "neumann-bot.toml"
        argv = (sys.executable, "-m", "bot", "serve", "--config", str(self.config))
        self.serving = Process("neumann-bot", argv, folder / "bot.out")
        self.presses = 0
        self.look: Callable[[str], Awaitable[None]] = nobody_looks
        self._seen = ""

    async def bot(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """Run `neumann-bot` with this configuration; return its exit code and what it said."""
        return await neumann_bot(*arguments, "--config", str(self.config), typed=typed)

    async def restart_bot(self) -> None:
        """Stop the bot in order, and start it again."""
        await self.serving.stop()
        await self.serving.start()
        await self.serving.until_listening(BOT)

    def turn(self) -> None:
        """Begin with a clean page: what was posted so far counts no more."""
        self.presses, self._seen = 0, f"{time.time():.6f}"

    async def message(self, key: str, words: str, within_s: float) -> Json:
        """Wait for a message of that key since the last turn, with a button or words in it: the newest such.

        A cluster may have several incidents, and so several messages of a key.

        Raises:
            TimeoutError: With what stood there instead.
        """
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for each in reversed(await self.person.messages()):
                is_new = _key(each).startswith(key) and each["ts"] > self._seen
                if is_new and (words in plain_text(each) or _button(each, words)):
                    return each
            await asyncio.sleep(0.2)
        said = "\n\n".join(
            plain_text(each) for each in await self.person.messages() if each["ts"] > self._seen
        )
        raise TimeoutError(f"no {key} with {words!r} within {within_s:.0f} s; there is:\n{said}")

    async def press(self, of: Json, remedy: str) -> str:
        """Press a remedy's button, read the plan, confirm it; return the plan's words.

        Raises:
            VoidPlanError: If there is no plan any more, or it is refused.
        """
        outcome = await self.person.click(of["ts"], f"remedy:{remedy}")
        if not outcome.ok:
            raise LookupError(str(outcome.error))
        try:
            modal = await self.person.wait_for_modal(PLAN_WITHIN_S)
        except TimeoutError:
            newest = max(await self.person.messages(), key=lambda each: str(each["ts"]))
            raise VoidPlanError(f"no plan: {plain_text(newest)}") from None
        shown = plain_text(modal)
        await self.look("plan")
        outcome = await self.person.submit(modal)
        still = await self.person.modal()
        if still is not None:
            await self.person.close_modal(still)
            raise VoidPlanError(plain_text(still))
        if not outcome.ok:
            raise LookupError(str(outcome.error))
        return shown

    async def loop(self, remedy: str, second: Person | None = None) -> Loop:
        """Confirm a remedy once it is offered; wait for the verified leader and for the close.

        What an agent refuses is pressed again once it is offered again, as a person would.
        """
        began = time.monotonic()
        for _ in range(MAX_PRESSES):
            pressed = f"{time.time():.6f}"
            findings = await self.confirm(remedy)
            if second:
                await self.approve(second)
            if REFUSED not in await self._ended_run(pressed):
                break
        end = plain_text(await self.message("verified", "Leader verified", RUN_WITHIN_S))
        run = plain_text(await self.message("run-", "", 5.0))
        await self.message("closed", "", CLOSED_WITHIN_S)
        await self.look("verified")
        return Loop(findings, run, end, time.monotonic() - began)

    async def _ended_run(self, since: str) -> str:
        """Wait for the end of the run that was posted since then; return its words."""

        async def ended() -> str:
            runs = [e for e in await self.person.messages() if _key(e).startswith("run-") and e["ts"] > since]
            said = plain_text(runs[-1]) if runs else ""
            return said if "Every action is done" in said or "Stopped" in said else ""

        return str(await until(ended, "the run's end", deadline_s=RUN_WITHIN_S, poll_s=0.5))

    async def confirm(self, remedy: str, *, of: str = "findings") -> str:
        """Wait until a remedy is offered, and confirm its plan; return the words of what it is offered in.

        Where the plan does not hold any more, the button is pressed again, as a person would.

        Raises:
            LookupError: If that goes on.
        """
        refused: dict[str, None] = {}
        for _ in range(MAX_PRESSES):
            findings = await self.message(of, f"remedy:{remedy}", FINDINGS_WITHIN_S)
            self.presses += 1
            try:
                await self.press(findings, remedy)
            except VoidPlanError as void:
                refused[str(void)] = None
                await asyncio.sleep(READS_REFUSAL_S)
                continue
            return plain_text(findings)
        raise LookupError(f"none of {MAX_PRESSES} plans was taken: {' / '.join(refused)}")

    async def approve(self, second: Person) -> None:
        """Have a second person read and approve the plan that was just confirmed."""
        asked = await self.message("second-", APPROVE_ACTION, PLAN_WITHIN_S)
        await second.click(asked["ts"], APPROVE_ACTION)
        outcome = await second.submit(await second.wait_for_modal(PLAN_WITHIN_S))
        if refusal := await second.modal():
            raise LookupError(plain_text(refusal))
        if not outcome.ok:
            raise LookupError(str(outcome.error))

    async def quiet(self) -> None:
        """Wait until no incident is open, but for that of restarts: its alert fires on for minutes."""

        async def is_quiet() -> bool:
            heads = [plain_text(each) for each in await self.person.messages() if _key(each) == "headline"]
            return all("Closed after" in head or "NodeCrashLoops" in head for head in heads)

        await until(is_quiet, "every incident is closed", deadline_s=QUIET_WITHIN_S, poll_s=0.5)

    async def stopped_run(self) -> Json:
        """Wait for a run that stopped, and return its message."""
        return await self.message("run-", "Stopped", RUN_WITHIN_S)


async def nobody_looks(_what: str) -> None:
    """Take no picture."""


async def neumann_bot(*arguments: str, typed: str = "") -> tuple[int, str]:
    """Run `neumann-bot`; return its exit code and what it said."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate(typed.encode())
    return process.returncode or 0, said.decode()


def _key(message: Json) -> str:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("key", ""))


def _button(message: Json, action: str) -> bool:
    blocks = [block for block in message.get("blocks", []) if block["type"] == "actions"]
    return any(action and e.get("action_id") == action for block in blocks for e in block["elements"])
