"""The payloads Slack sends for commands, clicks, modals and events."""

import json
import secrets
import time
from dataclasses import dataclass

from lab.slack.directory import Channel, User
from lab.slack.limits import SlackRefusalError, acting_elements
from lab.slack.message_json import message_json
from lab.slack.modals import OpenView
from lab.slack.shapes import Json
from lab.slack.view_methods import view_json
from lab.slack.workspace import Message, Workspace


@dataclass(frozen=True)
class Element:
    """An element somebody acted on, with the block and the attachment (if any) it stands in."""

    block_id: str
    content: Json
    attachment_id: int | None = None

    def action(self, value: object) -> Json:
        """The entry of `actions`; `value` is a select's chosen option."""
        kind, content = self.content["type"], self.content
        action: Json = {
            "type": kind,
            "action_id": content["action_id"],
            "block_id": self.block_id,
            "action_ts": f"{time.time():.6f}",
        }
        if kind == "button":
            return action | {name: content[name] for name in ("text", "value", "style") if name in content}
        wanted = value if isinstance(value, list) else [value]
        chosen = [option for option in content["options"] if option["value"] in wanted]
        if kind in {"checkboxes", "multi_static_select"}:
            return action | {"selected_options": chosen}
        if not chosen:
            raise SlackRefusalError("invalid_option")
        return action | {"selected_option": chosen[0]}


def find_element(blocks: list[tuple[Json, int | None]], block_id: str, action_id: str) -> Element:
    """The element of these ids; raises `SlackRefusalError` when the message has changed meanwhile."""
    for block, attachment_id in blocks:
        for element in acting_elements(block):
            if (block["block_id"], element.get("action_id")) == (block_id, action_id):
                return Element(block_id, element, attachment_id)
    raise SlackRefusalError("action_not_found")


def message_blocks(message: Message) -> list[tuple[Json, int | None]]:
    """All blocks of a message, each with its attachment's id if it stands in one."""
    own: list[tuple[Json, int | None]] = [(block, None) for block in message.blocks]
    return own + [(block, each["id"]) for each in message.attachments for block in each["blocks"]]


def command_form(workspace: Workspace, channel: Channel, user: User, text: str) -> Json:
    """A slash command's form, trigger id and response URL included."""
    command, _, rest = text.partition(" ")
    token = workspace.response_urls.issue(channel.id, user.id)
    return {
        "token": "legacy",
        "team_id": workspace.directory.team_id,
        "team_domain": workspace.directory.team_domain,
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.is_im else channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": rest.strip(),
        "api_app_id": workspace.directory.app_id,
        "is_enterprise_install": "false",
        "response_url": f"{workspace.url}/response/{token}",
        "trigger_id": workspace.triggers.issue(user.id),
    }


def click_payload(
    workspace: Workspace, user: User, message: Message, element: Element, value: object
) -> Json:
    """A `block_actions` payload from a message."""
    channel = workspace.channel(message.channel_id)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    if element.attachment_id is not None:
        container |= {"type": "message_attachment", "attachment_id": element.attachment_id}
    token = workspace.response_urls.issue(channel.id, user.id, message.ts)
    payload = _common("block_actions", workspace, user) | {
        "container": container,
        "trigger_id": workspace.triggers.issue(user.id),
        "channel": {"id": channel.id, "name": "directmessage" if channel.is_im else channel.name},
        "state": {"values": {}},
        "response_url": f"{workspace.url}/response/{token}",
        "actions": [element.action(value)],
    }
    if message.ephemeral_to is None:
        payload["message"] = message_json(workspace, message)
    return {"payload": json.dumps(payload)}


def view_click_payload(
    workspace: Workspace, view: OpenView, element: Element, state: Json, value: object
) -> Json:
    """A `block_actions` payload from inside a modal."""
    user = workspace.user(view.user_id)
    payload = _common("block_actions", workspace, user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.triggers.issue(user.id, view.id),
        "view": view_json(workspace, view) | {"state": {"values": state}},
        "actions": [element.action(value)],
    }
    return {"payload": json.dumps(payload)}


def submission_payload(workspace: Workspace, user: User, view: OpenView, state: Json) -> Json:
    """A `view_submission` payload."""
    payload = _common("view_submission", workspace, user) | {
        "trigger_id": workspace.triggers.issue(user.id, view.id),
        "view": view_json(workspace, view) | {"state": {"values": state}},
        "response_urls": [],
    }
    return {"payload": json.dumps(payload)}


def closed_payload(workspace: Workspace, user: User, view: OpenView, *, is_cleared: bool) -> Json:
    """A `view_closed` payload."""
    payload = _common("view_closed", workspace, user) | {
        "view": view_json(workspace, view),
        "is_cleared": is_cleared,
    }
    return {"payload": json.dumps(payload)}


def event_envelope(workspace: Workspace, kind: str, message: Message) -> Json:
    """An Events API envelope about a message somebody wrote."""
    directory = workspace.directory
    channel_type = "im" if workspace.channel(message.channel_id).is_im else "channel"
    event = message_json(workspace, message) | {
        "type": kind,
        "channel": message.channel_id,
        "channel_type": channel_type,
        "event_ts": message.ts,
    }
    return {
        "token": "legacy",
        "team_id": directory.team_id,
        "api_app_id": directory.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": directory.team_id,
                "user_id": directory.bot.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def _common(kind: str, workspace: Workspace, user: User) -> Json:
    directory = workspace.directory
    who = {"id": user.id, "username": user.name, "name": user.name, "team_id": directory.team_id}
    return {
        "type": kind,
        "user": who,
        "team": {"id": directory.team_id, "domain": directory.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "api_app_id": directory.app_id,
        "token": "legacy",
    }
