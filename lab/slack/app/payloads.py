"""The payloads Slack sends for commands, clicks, shortcuts and modals."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from lab.slack.app.manifest import Shortcut
from lab.slack.block_kit.reading import acting_elements
from lab.slack.directory import Channel, User
from lab.slack.form_values import entry, options
from lab.slack.message import Message
from lab.slack.message_json import message_json
from lab.slack.methods.views import view_json
from lab.slack.modals import OpenView
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


@dataclass(frozen=True)
class Element:
    """An element somebody acted on, with the block and the attachment (if any) it stands in."""

    block_id: str
    content: Json
    attachment_id: int | None = None

    def action(self, value: object) -> Json:
        """Return the entry of `actions`; `value` is what was chosen or entered."""
        content = self.content
        action: Json = {
            "type": content["type"],
            "action_id": content["action_id"],
            "block_id": self.block_id,
            "action_ts": f"{time.time():.6f}",
        }
        if content["type"] == "button":
            return action | {name: content[name] for name in ("text", "value", "style") if name in content}
        chosen = entry(content, "" if value is None else value)
        if options(content) and not any(each for name, each in chosen.items() if name != "type"):
            is_choice_of_several = "selected_options" in chosen
            if not is_choice_of_several or value:
                raise SlackRefusalError("invalid_option")
        return action | chosen


def find_element(blocks: Iterable[tuple[Json, int | None]], block_id: str, action_id: str) -> Element:
    """Return the element of these ids; raises `SlackRefusalError` when the message has changed meanwhile."""
    for block, attachment_id in blocks:
        for element in acting_elements(block):
            if (block["block_id"], element.get("action_id")) == (block_id, action_id):
                return Element(block_id, element, attachment_id)
    raise SlackRefusalError("action_not_found")


def message_blocks(message: Message) -> list[tuple[Json, int | None]]:
    """Return all blocks of a message, each with its attachment's id if it stands in one."""
    own: list[tuple[Json, int | None]] = [(block, None) for block in message.blocks]
    return own + [(block, each["id"]) for each in message.attachments for block in each["blocks"]]


def command_form(workspace: Workspace, channel: Channel, user: User, text: str) -> Json:
    """Return a slash command's form, trigger id and response URL included."""
    command, _, rest = text.partition(" ")
    return {
        "token": "legacy",
        "team_id": workspace.directory.team_id,
        "team_domain": workspace.directory.team_domain,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": rest.strip(),
        "api_app_id": workspace.directory.app_id,
        "is_enterprise_install": "false",
        "response_url": _response_url(workspace, channel.id, user.id),
        "trigger_id": workspace.triggers.issue(user.id),
    }


def click_payload(
    workspace: Workspace, user: User, message: Message, element: Element, value: object
) -> Json:
    """Return a `block_actions` payload from a message."""
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
    action = element.action(value)
    has_state = action["type"] not in ("button", "overflow")
    state = {element.block_id: {action["action_id"]: entry(element.content, value)}} if has_state else {}
    payload = _common("block_actions", workspace, user) | {
        "container": container,
        "trigger_id": workspace.triggers.issue(user.id),
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "state": {"values": state},
        "response_url": _response_url(workspace, channel.id, user.id, message.ts),
        "actions": [action],
    }
    if message.ephemeral_to is None:
        payload["message"] = message_json(workspace, message)
    return payload


def view_click_payload(
    workspace: Workspace, view: OpenView, element: Element, state: Json, value: object
) -> Json:
    """Return a `block_actions` payload from inside a modal or the Home tab."""
    user = workspace.user(view.user_id)
    is_modal = view.content["type"] == "modal"
    return _common("block_actions", workspace, user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.triggers.issue(user.id, view.id if is_modal else None),
        "view": view_json(workspace, view) | {"state": {"values": state}},
        "actions": [element.action(value)],
    }


def shortcut_payload(
    workspace: Workspace, user: User, shortcut: Shortcut, message: Message | None = None
) -> Json:
    """Return a `message_action` payload for a shortcut on a message, else a `shortcut` payload."""
    payload = _common("shortcut" if message is None else "message_action", workspace, user) | {
        "callback_id": shortcut.callback_id,
        "trigger_id": workspace.triggers.issue(user.id),
        "action_ts": f"{time.time():.6f}",
    }
    if message is None:
        return payload
    channel = workspace.channel(message.channel_id)
    return payload | {
        "message_ts": message.ts,
        "message": message_json(workspace, message),
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "response_url": _response_url(workspace, channel.id, user.id, message.ts),
    }


def submission_payload(workspace: Workspace, user: User, view: OpenView, state: Json) -> Json:
    """Return a `view_submission` payload."""
    return _common("view_submission", workspace, user) | {
        "trigger_id": workspace.triggers.issue(user.id, view.id),
        "view": view_json(workspace, view) | {"state": {"values": state}},
        "response_urls": [],
    }


def closed_payload(workspace: Workspace, user: User, view: OpenView, *, is_cleared: bool) -> Json:
    """Return a `view_closed` payload."""
    return _common("view_closed", workspace, user) | {
        "view": view_json(workspace, view),
        "is_cleared": is_cleared,
    }


def _channel_name(channel: Channel) -> str:
    return "directmessage" if channel.is_im else channel.name


def _response_url(workspace: Workspace, channel_id: str, user_id: str, source_ts: str | None = None) -> str:
    token = workspace.response_urls.issue(channel_id, user_id, source_ts)
    return f"{workspace.url}/response/{token}"


def _common(kind: str, workspace: Workspace, user: User) -> Json:
    directory = workspace.directory
    who = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
    return {
        "type": kind,
        "user": who,
        "team": {"id": directory.team_id, "domain": directory.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "api_app_id": directory.app_id,
        "token": "legacy",
    }
