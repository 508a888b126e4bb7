"""Trigger ids and response URLs end when Slack's end."""

import httpx
import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from lab.slack.one_time import ResponseUrls, TriggerIds
from lab.slack.person import Person
from lab.slack.refusal import SlackRefusalError
from lab.slack.server import SlackWorkspaceServer


class Clock:
    """A monotonic clock which a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_trigger_id_opens_one_view() -> None:
    triggers = TriggerIds()
    trigger_id = triggers.issue("U0ALICE001")
    assert triggers.spend(trigger_id).user_id == "U0ALICE001"
    with pytest.raises(SlackRefusalError, match="exchanged_trigger_id"):
        triggers.spend(trigger_id)


def test_a_trigger_id_lives_three_seconds() -> None:
    clock = Clock()
    triggers = TriggerIds(clock)
    in_time, too_late = triggers.issue("U0ALICE001"), triggers.issue("U0ALICE001")
    clock.now_s += 2.9
    triggers.spend(in_time)
    clock.now_s += 0.2
    with pytest.raises(SlackRefusalError, match="expired_trigger_id"):
        triggers.spend(too_late)


def test_a_response_url_lives_half_an_hour() -> None:
    clock = Clock()
    urls = ResponseUrls(clock)
    token = urls.issue("C0INCIDENT", "U0ALICE001")
    clock.now_s += 30 * 60 - 1
    urls.use(token)
    clock.now_s += 2
    with pytest.raises(SlackRefusalError, match="expired_url"):
        urls.use(token)


async def test_a_response_url_takes_five_answers(slack: SlackWorkspaceServer, alice: Person) -> None:
    token = slack.workspace.response_urls.issue("C0INCIDENT", "U0ALICE001")
    webhook = AsyncWebhookClient(f"{slack.url}/response/{token}")
    answers = [await webhook.send(text=f"answer {n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1].body
    assert {message["is_ephemeral"] for message in await alice.messages()} == {True}


async def test_a_response_can_be_public_replace_and_delete(slack: SlackWorkspaceServer, bob: Person) -> None:
    workspace = slack.workspace
    source = workspace.post("C0INCIDENT", "U0NEUMANN1", {"text": "Choose", "blocks": [{"type": "divider"}]})
    token = workspace.response_urls.issue("C0INCIDENT", "U0ALICE001", source.ts)
    webhook = AsyncWebhookClient(f"{slack.url}/response/{token}")

    await webhook.send(text="for all", response_type="in_channel")
    assert [message["text"] for message in await bob.messages()] == ["Choose", "for all"]
    await webhook.send(text="Chosen", replace_original=True)
    chosen = (await bob.messages())[0]
    assert (chosen["text"], chosen["ts"], "blocks" in chosen) == ("Chosen", source.ts, False)
    await webhook.send(delete_original=True)
    assert [message["text"] for message in await bob.messages()] == ["for all"]


async def test_a_response_url_refuses_what_slack_refuses(slack: SlackWorkspaceServer) -> None:
    token = slack.workspace.response_urls.issue("C0INCIDENT", "U0ALICE001")
    async with httpx.AsyncClient(base_url=slack.url) as app:
        for body, error in (
            ({"text": ""}, "no_text"),
            ({"blocks": [{"type": "x"}]}, "invalid_blocks"),
            ([], "invalid_payload"),
        ):
            answer = await app.post(f"/response/{token}", json=body)
            assert (answer.status_code, answer.text) == (400, error)
        assert (await app.post("/response/nothing", json={"text": "x"})).json()["error"] == "expired_url"
