"""An incident that nobody has, on real parts: told in Slack, then past it, once, and ended everywhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.responses import Response

from bot.config import EscalationSettings, Settings
from bot.store.timelines import TimelineStore
from handlers.domain.incident import Incident
from lab.slack import faults
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.bot.conftest import Becomes
from tests.bot.paging.servers import ROUTING_KEY, PagerDutyServer
from tests.bot.web.serving import serve
from tests.bot.worker.test_worker import IMPATIENT, RESOLVED, post
from tests.bot.worker.working import keys, shown, working

pytestmark = pytest.mark.process

ALERT = (Path(__file__).parents[2] / "data" / "webhooks" / "noleader_firing.json").read_bytes()
UNCOVERED = ALERT.replace(b"NoLeader", b"DiskFull")  # no runbook: nothing is read, nothing is verified
SECRET = "webhook-secret"
ALICE = "U0ALICE001"

ROTA = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//rota//EN
BEGIN:VEVENT
UID:always@example.com
DTSTAMP:20200101T000000Z
DTSTART:20200101T000000Z
DTEND:20500101T000000Z
SUMMARY:Alice
END:VEVENT
END:VCALENDAR
"""


@pytest_asyncio.fixture
async def pagerduty() -> AsyncIterator[tuple[PagerDutyServer, str]]:
    server = PagerDutyServer()
    async with serve(server.app) as url:
        yield server, url


Escalating = Callable[..., Settings]


@pytest.fixture
def escalating(settings: Settings, tmp_path: Path, pagerduty: tuple[PagerDutyServer, str]) -> Escalating:
    """The settings with tiers that are due at once, or after the minutes that the test says."""
    for name, text in (("routing-key", ROUTING_KEY), ("secret", SECRET), ("rota.ics", ROTA)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)

    def make(second_after_min: int = 0) -> Settings:
        section: dict[str, Any] = {
            "policies": [
                {
                    "tiers": [
                        {"after_min": 0, "tell": ["on-call", "dm:on-call", "group:S0ONCALL01"]},
                        {"after_min": second_after_min, "tell": ["pagerduty"]},
                    ]
                }
            ],
            "on_call": {"calendar": tmp_path / "rota.ics", "people": {"Alice": ALICE}},
            "pagerduty": {
                "routing_key": {"file": tmp_path / "routing-key"},
                "url": f"{pagerduty[1]}/v2/enqueue",
                "webhook_secrets": [{"file": tmp_path / "secret"}],
            },
        }
        made = EscalationSettings.model_validate(section).model_copy(update={"slack_away_s": 1})
        return settings.model_copy(update={"escalation": made})

    return make


async def one_open(store: TimelineStore) -> Incident | None:
    ids = await store.open_incidents()
    return await store.load(ids[0]) if ids else None


async def test_tiers_are_told_and_an_acknowledgement_in_pagerduty_ends_them_everywhere(
    escalating: Escalating,
    pagerduty: tuple[PagerDutyServer, str],
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    settings, (server, _) = escalating(), pagerduty
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, UNCOVERED)
        await becomes(lambda: shown(slack, "tier-2"))
        await becomes(lambda: shown(slack, f"@tier-1-{ALICE}"))
        incident = await one_open(store)
        assert incident
        key = f"neumann-bot-{incident.id}"
        await becomes(lambda: state_is(server, key, "triggered"))
        told = next(m for m in slack.workspace.messages if "tier-1" in str(m.metadata))
        assert f"<@{ALICE}> <!subteam^S0ONCALL01>" in json.dumps(told.blocks, ensure_ascii=False)

        body = acknowledgement(key)
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        async with serve(bot.web) as url, httpx.AsyncClient() as http:
            answer = await http.post(
                f"{url}/pagerduty", content=body, headers={"X-PagerDuty-Signature": f"v1={signature}"}
            )
        assert answer.text == "taken"
        await becomes(lambda: state_is(server, key, "acknowledged"))
        await post(settings, bot, RESOLVED.replace(b"NoLeader", b"DiskFull"))
        await becomes(lambda: state_is(server, key, "resolved"))
        await becomes(lambda: says(slack, "tier-1", "Ann (PagerDuty) has it"))
    assert [each["event_action"] for each in server.came] == ["trigger", "acknowledge", "resolve"]
    assert sorted(each for each in keys(slack) if "tier" in each) == [f"@tier-1-{ALICE}", "tier-1", "tier-2"]


def acknowledgement(key: str) -> bytes:
    agent = {"id": "PANN", "type": "user_reference", "summary": "Ann"}
    event = {
        "id": "01DCPDF6J30B9XS9D46U7EWRFK",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2049-01-01T00:00:00Z",
        "agent": agent,
        "client": None,
        "data": {"id": "PGR0VU2", "type": "incident", "status": "acknowledged", "incident_key": key},
    }
    return json.dumps({"event": event}).encode()


async def state_is(server: PagerDutyServer, key: str, state: str) -> bool:
    return server.state.get(key) == state


async def says(slack: SlackWorkspaceServer, key: str, words: str) -> bool:
    return any(
        key in str(message.metadata) and words in json.dumps(message.blocks, ensure_ascii=False)
        for message in slack.workspace.messages
    )


async def test_the_button_in_a_direct_message_acknowledges(
    escalating: Escalating,
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    settings = escalating(second_after_min=60)
    async with working(settings, IMPATIENT) as bot, serve(bot.web) as url:
        slack.bot_request_url = f"{url}/slack/events"
        await post(settings, bot, UNCOVERED)
        await becomes(lambda: shown(slack, f"@tier-1-{ALICE}"))
        direct = next(m for m in slack.workspace.messages if f"@tier-1-{ALICE}" in str(m.metadata))
        async with Person(slack.url, "alice", channel=direct.channel_id) as alice:
            await alice.click(direct.ts, "Acknowledge")

        async def is_held() -> bool:
            incident = await one_open(store)
            return bool(incident and incident.triage.holder and incident.triage.holder.id == ALICE)

        await becomes(is_held)


async def test_while_slack_takes_nothing_pagerduty_is_paged_at_once(
    escalating: Escalating,
    pagerduty: tuple[PagerDutyServer, str],
    slack: SlackWorkspaceServer,
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    settings, (server, _) = escalating(second_after_min=60), pagerduty
    slack.faults.fail(faults.EVERY_METHOD, faults.SERVER_ERROR, times=None)
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, UNCOVERED)

        async def paged() -> bool:
            return "triggered" in server.state.values()

        await becomes(paged)
        slack.faults.clear()
        await becomes(lambda: shown(slack, "tier-2"))
    assert len(server.state) == 1


async def test_a_worker_that_dies_between_send_and_note_leaves_one_page(
    escalating: Escalating,
    pagerduty: tuple[PagerDutyServer, str],
    store: TimelineStore,
    becomes: Becomes,
) -> None:
    settings, (server, _) = escalating(), pagerduty
    taken = asyncio.Event()

    async def hang_after_taking(request: Any, real: Any = server.enqueue) -> Response:
        answer = await real(request)
        taken.set()
        await asyncio.sleep(3600)
        return answer  # type: ignore[no-any-return]

    server.enqueue = hang_after_taking  # type: ignore[method-assign]
    async with serve(server.app) as url:
        dying = settings.escalation.pagerduty.model_copy(update={"url": f"{url}/v2/enqueue"})  # type: ignore[union-attr]
        section = settings.escalation.model_copy(update={"pagerduty": dying})
        async with working(settings.model_copy(update={"escalation": section}), IMPATIENT) as bot:
            await post(settings, bot, UNCOVERED)
            await asyncio.wait_for(taken.wait(), 20)
    del server.enqueue
    async with working(settings, IMPATIENT) as bot:
        await bot.scheduler.mark_open_incidents()

        async def is_noted() -> bool:
            incident = await one_open(store)
            return bool(incident and any(each.delivered for each in incident.escalation.pages.values()))

        await becomes(is_noted)
    assert [each["event_action"] for each in server.came] == ["trigger", "trigger"]
    assert list(server.state.values()) == ["triggered"]


async def test_what_was_paged_is_ended_although_the_policies_were_taken_out_since(
    escalating: Escalating, pagerduty: tuple[PagerDutyServer, str], becomes: Becomes
) -> None:
    settings, (server, _) = escalating(), pagerduty
    async with working(settings, IMPATIENT) as bot:
        await post(settings, bot, UNCOVERED)

        async def paged() -> bool:
            return "triggered" in server.state.values()

        await becomes(paged)
    without = settings.escalation.model_copy(update={"policies": ()})
    async with working(settings.model_copy(update={"escalation": without}), IMPATIENT) as bot:
        await post(settings, bot, RESOLVED.replace(b"NoLeader", b"DiskFull"))

        async def resolved() -> bool:
            return set(server.state.values()) == {"resolved"}

        await becomes(resolved)


async def test_the_doctor_answers_in_slack(
    escalating: Escalating, slack: SlackWorkspaceServer, alice: Person
) -> None:
    settings = escalating()
    async with working(settings, IMPATIENT) as bot, serve(bot.web) as url:
        slack.bot_request_url = f"{url}/slack/events"
        await alice.command("/neumann doctor")
        report = await alice.wait_for_message(lambda each: "looked at and well" in json.dumps(each), 30)
    assert "Prometheus: rules and targets: not asked" in json.dumps(report)
