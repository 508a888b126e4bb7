"""The Slack manifest asks for what the code uses, and for nothing more."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from slack_bolt.async_app import AsyncApp
from starlette.routing import Route

from bot.config import SlackSettings
from bot.slack.listeners import triage
from bot.store.client import connect
from bot.web.app import Web

ROOT = Path(__file__).parents[2]
MANIFEST = yaml.safe_load((ROOT / "deploy" / "slack-manifest.yaml").read_text())
SOURCES = [*(ROOT / "bot").rglob("*.py")]

# From each method's page in Slack's reference (docs.slack.dev); the history scopes are those for channels.
SCOPES = {
    "auth.test": set(),
    "canvases.access.set": {"canvases:write"},
    "canvases.create": {"canvases:write"},
    "chat.delete": {"chat:write"},
    "chat.getPermalink": set(),
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"channels:history", "groups:history"},
    "conversations.replies": {"channels:history", "groups:history"},
    "files_upload_v2": {"files:write"},  # getUploadURLExternal and completeUploadExternal
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "users.info": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
EVENT_SCOPES = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "reaction_added": {"reactions:read"},
}
BY_ATTRIBUTE = {method.replace(".", "_"): method for method in SCOPES}
FAMILY = re.compile(
    r"(auth|canvases|chat|conversations|files|pins|reactions|usergroups|users|views)[._][a-zA-Z0-9_.]+"
)


def methods_called() -> Iterator[str]:
    """Web API methods: `client.views_open(…)`, `_call("chat.update", …)`, `call(client, "users.info", …)`."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Attribute) and FAMILY.fullmatch(node.func.attr):
                yield BY_ATTRIBUTE.get(node.func.attr, node.func.attr)
            for given in node.args[:2]:
                if isinstance(given, ast.Constant) and FAMILY.fullmatch(str(given.value)):
                    yield str(given.value)


def test_the_scopes_are_those_of_the_methods_that_are_called():
    called = set(methods_called())
    assert called, "no call was found: the test looks in the wrong place"
    assert called <= set(SCOPES), "a new method: look up its scopes, and add them here and to the manifest"
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    needed = {"commands"}.union(*(SCOPES[method] for method in called), *(EVENT_SCOPES[e] for e in events))
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_every_scope_is_explained():
    text = (ROOT / "deploy" / "slack-manifest.yaml").read_text()
    lines = text.split("oauth_config:")[1].split("settings:")[0].splitlines()
    scopes = [number for number, line in enumerate(lines) if re.match(r"\s+- [a-z_]+(:[a-z]+)?$", line)]
    assert len(scopes) == len(MANIFEST["oauth_config"]["scopes"]["bot"])
    for number in scopes:
        above = lines[number - 1].strip()
        assert above.startswith(("#", "- channels:history")), lines[number]


def test_the_commands_are_those_that_the_bot_listens_to():
    features, events = MANIFEST["features"], MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    assert {command["command"] for command in features["slash_commands"]} == listened_to("command")
    assert set(events) == listened_to("event")
    assert {shortcut["callback_id"] for shortcut in features["shortcuts"]} == {triage.SHORTCUT}


def listened_to(kind: str) -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "bot" / "slack" / "listeners").glob("*.py"))
    return set(re.findall(rf'@app\.{kind}\("([/\w]+)"\)', sources))


def test_slack_is_sent_to_a_route_of_the_bot():
    nothing: Any = None  # no request is made
    web = Web(
        inbox=nothing,
        redis=connect("unix:///nowhere"),
        prefix="",
        token="",
        max_body_bytes=1,
        slack=AsyncApp(token="xoxb-1", signing_secret="s"),
        requests=nothing,
        signing_secret="s",
    )
    routes = {route.path for route in web.app().routes if isinstance(route, Route)}
    urls = [
        *(command["url"] for command in MANIFEST["features"]["slash_commands"]),
        MANIFEST["settings"]["interactivity"]["request_url"],
    ]
    for url in urls:
        assert urlsplit(url).scheme == "https"
        assert urlsplit(url).path in routes


def test_events_come_over_http_unless_socket_mode_is_turned_on():
    assert MANIFEST["settings"]["socket_mode_enabled"] is False
    assert "app_token" in SlackSettings.model_fields, "with it, they come over a socket of the bot's own"
