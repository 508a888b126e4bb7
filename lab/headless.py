"""The loop as a person plays it: read the thread, press the button, read the plan, confirm, wait."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx

from lab.faults import FAULTS
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.shapes import Json
from lab.stage import CHANNEL, Say, Stage

ALERT_WITHIN_S = 60.0
FINDINGS_WITHIN_S = 20.0
POLL_S = 0.05
VERIFIED_WITHIN_S = 150.0
CLOSED_WITHIN_S = 90.0
SETTLED_WITHIN_S = 10.0

PERSON = "alice"

CAUSES = {
    "Network partition": "network_partition",
    "Clock skew": "clock_skew",
    "Quorum loss": "quorum_loss",
    "Election timeout too aggressive": "aggressive_timeouts",
    "Applies nothing": "node_behind",
    "A stale leader that does not step down": "stale_leader",
    "Stopped node": "node_down",
    "Memory near its limit, why not known": "memory_unexplained",
    "Victims are not aborted": "victims_not_aborted",
}
"""How the thread names the causes of the faults that a demo makes."""


@dataclass(frozen=True)
class Timings:
    """Milliseconds between what was sent and what was seen; `None` where that did not happen."""

    alert_to_headline: float | None = None
    alert_to_findings: float | None = None
    confirm_to_verified: float | None = None


@dataclass(frozen=True)
class LoopReport:
    """What came of one run. `cause` and `verdict` are what the thread says, not what the lab knows."""

    fault: str
    ok: bool = False
    cause: str | None = None
    verdict: str | None = None
    remedy: str | None = None
    confirmed_by: str | None = None
    leader_before: str | None = None
    leader_after: str | None = None
    term_before: int | None = None
    term_after: int | None = None
    timings_ms: Timings = field(default_factory=Timings)
    thread: tuple[str, ...] = ()
    failure: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the document for stdout; `failure` only where there is one."""
        document = asdict(self)
        if self.failure is None:
            del document["failure"]
        return document


class LoopOpenError(Exception):
    """The loop did not close, and where it stopped."""


async def play(stage: Stage, fault_name: str, say: Say) -> LoopReport:
    """Make a fault, and do what a person on call would do until the incident is closed."""
    leader_before, term_before = await leadership(stage)
    report = LoopReport(fault=fault_name, leader_before=leader_before, term_before=term_before)
    async with Person(stage.slack.url, PERSON, CHANNEL) as person:
        loop = _Loop(stage, person, fault_name, say, report)
        try:
            await loop.close()
        except (LoopOpenError, TimeoutError, LookupError) as error:
            loop.report = replace(loop.report, failure=str(error))
        thread = tuple(plain_text(message) for message in await person.messages())
    leader_after, term_after = await _settled(stage)
    report = replace(loop.report, leader_after=leader_after, term_after=term_after, thread=thread)
    expected = fault_name.replace("-", "_")
    return replace(
        report, ok=report.failure is None and report.cause == expected and leader_after is not None
    )


async def leadership(stage: Stage) -> tuple[str | None, int | None]:
    """Ask the nodes who leads and in which term; None for what no node says."""
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as http:
        bodies = await asyncio.gather(*(node.health(http) for node in stage.lab.nodes))
    terms = [int(body["term"]) for body in bodies if "term" in body]
    leading = [
        (int(body["term"]), node.name)
        for node, body in zip(stage.lab.nodes, bodies, strict=True)
        if body.get("raft_state") == "leader"
    ]
    return (max(leading)[1] if leading else None), max(terms, default=None)


async def _settled(stage: Stage) -> tuple[str | None, int | None]:
    """Return who leads once somebody does: on a busy machine an election may have come up since."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        leader, term = await leadership(stage)
        if leader or time.monotonic() >= deadline:
            return leader, term
        await asyncio.sleep(POLL_S)


class _Loop:
    """One passage through the loop; `report` grows as it goes."""

    def __init__(self, stage: Stage, person: Person, fault_name: str, say: Say, report: LoopReport) -> None:
        self._stage = stage
        self._person = person
        self._fault = FAULTS[fault_name]
        self._say = say
        self.report = report

    async def close(self) -> None:
        """Walk through it.

        Raises:
            LoopOpenError, TimeoutError, LookupError: Where it stops.
        """
        self._say(f"making the fault: {self._fault.summary}")
        await self._fault.inject(self._stage.lab)
        self._say("waiting for the alert, its thread and the findings")
        headline = await self._message("headline", ALERT_WITHIN_S, "the alert and its incident thread")
        findings = await self._findings()
        self._read(headline, findings)
        buttons = _remedies(findings)
        if buttons:
            confirmed_at = await self._confirm(findings, buttons[0])
        elif self._fault.heals_itself:
            self._say("no button, rightly; the lab mends it as people would")
            confirmed_at = None
            await self._fault.heal(self._stage.lab)
        else:
            raise LoopOpenError("The findings offer no remedy.")
        self._say("waiting for the proof that all is well")
        verified = await self._message("verified", VERIFIED_WITHIN_S, "the verified leader")
        if confirmed_at is not None:
            took_ms = (verified["received_monotonic_s"] - confirmed_at) * 1000
            timings = replace(self.report.timings_ms, confirm_to_verified=round(took_ms, 1))
            self.report = replace(self.report, timings_ms=timings)
        self._say("waiting for the resolved incident")
        await self._message("closed", CLOSED_WITHIN_S, "the resolved incident")

    async def _findings(self) -> Json:
        """Wait until every node has been read: what comes before is edited as late answers come in."""
        deadline = time.monotonic() + FINDINGS_WITHIN_S
        while True:
            findings = await self._message("findings", deadline - time.monotonic(), "the findings")
            if "still being read" not in plain_text(findings):
                edited = {"received_monotonic_s": time.monotonic()} if findings.get("edited") else {}
                return findings | edited
            await asyncio.sleep(POLL_S)

    def _read(self, headline: Json, findings: Json) -> None:
        """Return what the findings say, and how long they took."""
        verdict = self._fault.verdict
        titles = re.findall(rf"{verdict} \*(.+?)\*", plain_text(findings))
        causes = [CAUSES[title] for title in titles if title in CAUSES]
        sent_at = self._alert_sent_at(headline)
        timings = Timings(alert_to_headline=_ms(sent_at, headline), alert_to_findings=_ms(sent_at, findings))
        self.report = replace(self.report, timings_ms=timings)
        if len(causes) != 1:
            raise LoopOpenError(f"The findings call {causes or 'no cause'} {verdict}, one was to be found.")
        self.report = replace(self.report, cause=causes[0], verdict=verdict)
        self._say(f"found: {causes[0]}")

    def _alert_sent_at(self, headline: Json) -> float | None:
        """Return when the webhook was sent that opened the incident, where this process sent it."""
        sent = [
            delivery.sent_at_s
            for delivery in self._stage.deliveries
            if delivery.status_code == 200 and delivery.sent_at_s < headline["received_monotonic_s"]
        ]
        return min(sent, default=None)

    async def _confirm(self, findings: Json, button: Json) -> float:
        label = button["text"]["text"]
        self._say(f"pressing “{label}”")
        outcome = await self._person.click(findings["ts"], button["action_id"])
        if not outcome.ok:
            raise LoopOpenError(f"The click failed: {outcome.error}")
        modal = await self._person.wait_for_modal(5.0)
        confirmed_at = time.monotonic()
        outcome = await self._person.submit(modal)
        if not outcome.ok:
            raise LoopOpenError(f"The confirmation failed: {outcome.error}")
        if (still := await self._person.modal()) is not None:
            raise LoopOpenError(f"The confirmation was refused: {plain_text(still)}")
        self.report = replace(
            self.report, remedy=button["action_id"].partition(":")[2], confirmed_by=self._person.user
        )
        self._say("plan confirmed; watching it run")
        return confirmed_at

    async def _message(self, key: str, timeout_s: float, what: str) -> Json:
        """Wait for a message of the bot's by its key."""
        try:
            return await self._person.wait_for_message(lambda message: message_key(message) == key, timeout_s)
        except TimeoutError:
            raise LoopOpenError(f"Not within {timeout_s:.0f} s: {what}.") from None


def message_key(message: Json) -> str:
    """Return which of the bot's messages it is."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("key", ""))


def _remedies(findings: Json) -> list[Json]:
    """Return the buttons that show a plan; “Read again” is none."""
    return [
        element
        for block in findings.get("blocks", [])
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"].startswith("remedy:")
    ]


def _ms(sent_at: float | None, message: Json) -> float | None:
    return None if sent_at is None else round((message["received_monotonic_s"] - sent_at) * 1000, 1)
