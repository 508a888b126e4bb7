"""A real Bolt app answers what people do in the workspace."""

import asyncio
import inspect
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncSay
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.limit_table import ACK_TIMEOUT_S
from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer

INCIDENTS = "C0INCIDENT"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


FIX = {"type": "button", "text": plain("Fix it"), "action_id": "fix_clock", "value": "handle-1"}
BUTTONS = [{"type": "actions", "block_id": "fixes", "elements": [FIX]}]
REASON = {
    "type": "input",
    "block_id": "reason",
    "label": plain("Why"),
    "element": {"type": "plain_text_input", "action_id": "reason_text"},
}
RISKS = {
    "type": "input",
    "block_id": "risk",
    "optional": True,
    "label": plain("Risk"),
    "element": {
        "type": "static_select",
        "action_id": "risk_level",
        "options": [{"text": plain("Low"), "value": "low"}, {"text": plain("High"), "value": "high"}],
    },
}


def modal(*blocks: dict[str, Any], title: str = "Confirm", **more: object) -> dict[str, Any]:
    words = {"title": plain(title), "submit": plain("Confirm")}
    return {"type": "modal", "callback_id": "confirm", **words, "blocks": list(blocks), **more}


async def test_a_command_is_answered_to_the_one_who_asked(bolt: AsyncApp, alice: Person, bob: Person) -> None:
    @bolt.command("/neumann")
    async def neumann(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack(f"{command['user_name']} asked: {command['text']}")

    assert (await alice.command("/neumann election status")).ok
    answer = await alice.wait_for_message(lambda message: message["is_ephemeral"])
    assert answer["text"] == "alice asked: election status"
    assert await bob.messages() == []


@pytest.mark.process
async def test_a_command_nobody_answers_fails_in_slacks_words(bolt: AsyncApp, alice: Person) -> None:
    @bolt.command("/neumann")
    async def too_late(ack: AsyncAck) -> None:
        await asyncio.sleep(1.5)
        await ack()

    outcome = await alice.command("/neumann help")
    assert outcome.error == '/neumann failed with the error "operation_timeout"'
    assert [message["text"] for message in await alice.messages()] == [outcome.error]


@pytest.mark.process
@pytest.mark.parametrize(("asleep_s", "is_in_time"), [(0.5, True), (1.5, False)])
async def test_a_click_that_is_acknowledged_late_reads_as_slack_words_it(
    bolt: AsyncApp, client: AsyncWebClient, alice: Person, asleep_s: float, is_in_time: bool
) -> None:
    @bolt.action("fix_clock")
    async def late(ack: AsyncAck) -> None:
        await asyncio.sleep(asleep_s)  # the workspace of this test waits one second, Slack's own three
        await ack()

    posted = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=BUTTONS)
    outcome = await alice.click(posted["ts"], "Fix it")
    assert outcome.ok is is_in_time
    if not is_in_time:
        assert outcome.error == "operation_timeout"
        assert outcome.notice == "Operation timed out. Apps need to respond within 3 seconds."


def test_slack_waits_three_seconds() -> None:
    assert ACK_TIMEOUT_S == 3.0
    assert inspect.signature(SlackWorkspaceServer).parameters["ack_timeout_s"].default == ACK_TIMEOUT_S


async def test_a_command_without_an_app_a_wrong_one_and_one_in_a_thread(alice: Person) -> None:
    assert (await alice.command("/neumann help")).error == '/neumann failed with the error "dispatch_failed"'
    assert (await alice.command("/frobnicate")).error == "/frobnicate is not a valid command."
    await alice.write("hello")
    parent = (await alice.messages())[-1]
    in_thread = await alice.write("/neumann help", thread_ts=parent["ts"])
    assert in_thread.error == "/neumann is not supported in threads. Sorry!"


async def test_a_click_opens_a_modal_whose_submission_acts(
    bolt: AsyncApp, client: AsyncWebClient, alice: Person
) -> None:
    submitted: list[Any] = []

    @bolt.action("fix_clock")
    async def fix(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        assert body["message"]["text"] == "No leader"
        assert body["actions"][0]["value"] == "handle-1"
        await client.views_open(trigger_id=body["trigger_id"], view=modal(REASON, RISKS))

    @bolt.view("confirm")
    async def confirm(ack: AsyncAck, view: dict[str, Any], body: dict[str, Any]) -> None:
        submitted.append((body["user"]["id"], view["state"]["values"]))
        await ack()

    posted = await client.chat_postMessage(channel=INCIDENTS, text="No leader", blocks=BUTTONS)
    assert (await alice.click(posted["ts"], "Fix it")).ok
    view = await alice.wait_for_modal()

    missing = await alice.submit(view, {"risk": "low"})
    assert missing.errors == {"reason": "Please complete this required field."}
    assert submitted == [], "the app is not asked before the form is complete"

    assert (await alice.submit(view, {"reason": "clock skew", "risk_level": "high"})).ok
    assert await alice.modal() is None
    ((user_id, values),) = submitted
    assert user_id == "U0ALICE001"
    assert values["reason"]["reason_text"] == {"type": "plain_text_input", "value": "clock skew"}
    assert values["risk"]["risk_level"]["selected_option"]["value"] == "high"


async def test_a_button_in_an_attachment_and_a_click_the_app_does_not_know(
    bolt: AsyncApp, client: AsyncWebClient, alice: Person
) -> None:
    seen: list[Any] = []

    @bolt.action("fix_clock")
    async def fix(ack: AsyncAck, body: dict[str, Any]) -> None:
        seen.append(body["container"]["type"])
        await ack()

    unknown = {**FIX, "action_id": "unknown"}
    blocks = [{"type": "actions", "elements": [FIX, unknown]}]
    attachments = [{"color": "#d00", "blocks": blocks}]
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x", attachments=attachments)
    assert (await alice.click(posted["ts"], "fix_")).ok
    assert seen == ["message_attachment"]
    assert (await alice.click(posted["ts"], "unknown")).error == "http_client_error"
    with pytest.raises(LookupError):
        await alice.click(posted["ts"], "no such button")


ANSWERS = [
    ({"response_action": "errors", "errors": {"reason": "Too short."}}, "Confirm"),
    ({"response_action": "update", "view": modal(title="Working")}, "Working"),
    ({"response_action": "push", "view": modal(title="Sure?")}, "Sure?"),
    ({"response_action": "clear"}, None),
    ({"response_action": "update", "view": {"type": "modal"}}, "Confirm"),
]


@pytest.mark.parametrize(("answer", "title"), ANSWERS)
async def test_the_answer_to_a_submission_decides_what_is_shown(
    bolt: AsyncApp, slack: SlackWorkspaceServer, alice: Person, answer: dict[str, Any], title: str | None
) -> None:
    @bolt.view("confirm")
    async def confirm(ack: AsyncAck) -> None:
        await ack(answer)

    slack.workspace.modals.open("U0ALICE001", modal(REASON))
    outcome = await alice.submit(await alice.wait_for_modal(), {"reason": "x"})
    shown = await alice.modal()
    assert (shown["title"]["text"] if shown else None) == title
    is_bad_answer = answer.get("view") == {"type": "modal"}
    assert outcome.errors == answer.get("errors", {})
    assert (outcome.error is not None) == is_bad_answer


async def test_closing_a_modal_tells_the_app_when_it_asked(
    bolt: AsyncApp, slack: SlackWorkspaceServer, alice: Person, bob: Person
) -> None:
    closed: list[str] = []

    @bolt.view_closed("confirm")
    async def on_close(ack: AsyncAck, body: dict[str, Any]) -> None:
        closed.append(body["user"]["name"])
        await ack()

    slack.workspace.modals.open("U0ALICE001", modal(REASON, notify_on_close=True))
    view = await alice.wait_for_modal()
    assert (await bob.close_modal(view)).error == "not_found", "nobody closes another person's modal"
    assert (await alice.close_modal(view)).ok
    assert closed == ["alice"]


async def test_a_button_inside_a_modal_tells_what_stands_in_the_fields(
    bolt: AsyncApp, slack: SlackWorkspaceServer, alice: Person
) -> None:
    typed: list[str] = []

    @bolt.action("fix_clock")
    async def more(ack: AsyncAck, body: dict[str, Any]) -> None:
        typed.append(body["view"]["state"]["values"]["reason"]["reason_text"]["value"])
        await ack()

    slack.workspace.modals.open("U0ALICE001", modal(REASON, *BUTTONS))
    view = await alice.wait_for_modal()
    assert (await alice.click_in_modal(view, "Fix it", {"reason": "typed"})).ok
    assert typed == ["typed"]


async def test_a_trigger_id_buys_one_modal(bolt: AsyncApp, client: AsyncWebClient, alice: Person) -> None:
    @bolt.action("fix_clock")
    async def fix(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(title="Once"))
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await client.views_open(trigger_id=body["trigger_id"], view=modal(title="Twice"))

    posted = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=BUTTONS)
    assert (await alice.click(posted["ts"], "Fix it")).ok
    assert (await alice.wait_for_modal())["title"]["text"] == "Once"


async def test_a_mention_reaches_the_app(bolt: AsyncApp, client: AsyncWebClient, alice: Person) -> None:
    @bolt.event("app_mention")
    async def mentioned(event: dict[str, Any], say: AsyncSay) -> None:
        await say(f"you said {event['text']}", thread_ts=event["ts"])

    await alice.write("@neumann-bot status please")
    answer = await alice.wait_for_message(lambda message: message["user"] == "U0NEUMANN1")
    assert answer["text"] == "you said <@U0NEUMANN1> status please"
    parent, reply = await alice.thread(answer["thread_ts"])
    assert parent["user"] == "U0ALICE001"
    assert reply["ts"] == answer["ts"]
    assert parent["reply_count"] == 1
