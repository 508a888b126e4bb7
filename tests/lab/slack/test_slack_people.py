"""People of every kind: what Slack itself refuses them, and what it leaves to the app to refuse."""

from contextlib import AsyncExitStack
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.person import Person
from lab.slack.server import SlackWorkspaceServer
from tests.lab.slack.builders import actions, button

INCIDENTS = "C0INCIDENT"
KINDS: dict[str, dict[str, Any]] = {
    "alice": {},
    "dave": {"is_restricted": True},
    "erin": {"is_admin": True},
    "fay": {"is_restricted": True, "is_ultra_restricted": True},
    "grace": {"deleted": True},
    "heidi": {"team_id": "T0PARTNER1", "is_stranger": True},
    "deployer": {"is_bot": True},
}
ORDINARY = {
    "deleted": False,
    "is_bot": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_stranger": False,
    "is_admin": False,
    "team_id": "T0NEUMANN1",
}


@pytest.mark.parametrize("name", KINDS)
async def test_users_info_says_what_somebody_is(
    slack: SlackWorkspaceServer, client: AsyncWebClient, name: str
) -> None:
    user: dict[str, Any] = (await client.users_info(user=slack.workspace.user(name).id))["user"]
    told = {field: user[field] for field in ORDINARY if field in user}
    assert told == {field: {**ORDINARY, **KINDS[name]}[field] for field in told}
    assert KINDS[name].items() <= user.items()


async def test_a_group_is_listed_without_those_who_left(
    slack: SlackWorkspaceServer, client: AsyncWebClient
) -> None:
    on_call = slack.workspace.directory.on_call
    assert "U0GRACE001" in on_call.user_ids
    assert (await client.usergroups_users_list(usergroup=on_call.id))["users"] == ["U0ALICE001", "U0CAROL001"]
    groups = (await client.usergroups_list(include_users=True))["usergroups"]
    assert [group["handle"] for group in groups] == ["neumann-oncall", "network"]


async def act(slack: SlackWorkspaceServer, name: str, ts: str) -> dict[str, str | None]:
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(Person(slack.url, name))
        elsewhere = await stack.enter_async_context(Person(slack.url, name, channel="general"))
        message = {"channel": INCIDENTS, "ts": ts, "block_id": "b", "action_id": "go"}
        return {
            "write": (await person.write("hello")).error,
            "write elsewhere": (await elsewhere.write("hello")).error,
            "react": (await person.react(ts, "eyes")).error,
            "click": (await person._act("click", message)).error,
            "command": (await person.command("/neumann help")).error,
            "home": (await person.open_home()).error,
        }


NOBODY = dict.fromkeys(("write", "write elsewhere", "react", "click", "command", "home"), "account_inactive")
REFUSED: dict[str, dict[str, str]] = {
    "alice": {},
    "erin": {},
    "dave": {"write elsewhere": "not_in_channel"},
    "fay": {"write elsewhere": "not_in_channel"},
    "grace": NOBODY,
    "heidi": {
        "write elsewhere": "not_in_channel",
        "command": "/neumann is not a valid command.",
        "home": "not_allowed",
    },
    "deployer": {"write elsewhere": "not_in_channel", "click": "user_is_bot", "home": "user_is_bot"},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_slack_refuses_whom(
    bolt: AsyncApp, slack: SlackWorkspaceServer, client: AsyncWebClient, name: str
) -> None:
    clicked: list[str] = []

    @bolt.action("go")
    async def go(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        clicked.append(body["user"]["team_id"])

    @bolt.command("/neumann")
    async def command(ack: AsyncAck) -> None:
        await ack()

    blocks = [actions(button(), block_id="b")]
    posted = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
    errors = {what: error for what, error in (await act(slack, name, posted["ts"])).items() if error}
    assert errors == REFUSED[name]
    if "click" not in errors:
        assert clicked == [slack.workspace.user(name).team_id], "the app is asked, and told whose they are"


async def test_people_see_only_where_they_are(slack: SlackWorkspaceServer) -> None:
    seen = {}
    for name in ("erin", "fay", "heidi", "grace"):
        async with Person(slack.url, name) as person:
            seen[name] = [each["id"] for each in (await person.state())["channels"]]
    assert seen == {
        "erin": [INCIDENTS, "C0GENERAL1", "D0ERIN0001"],
        "fay": [INCIDENTS, "D0FAY00001"],
        "heidi": [INCIDENTS],
        "grace": [],
    }


async def test_a_message_of_another_bot_says_whose_it_is(slack: SlackWorkspaceServer, alice: Person) -> None:
    async with Person(slack.url, "deployer") as deployer:
        await deployer.write("/neumann is no command in a bot's mouth")
    (message,) = await alice.messages()
    assert (message["subtype"], message["bot_id"]) == ("bot_message", "B0DEPLOY01")
