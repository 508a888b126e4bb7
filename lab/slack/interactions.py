"""What a person does in the workspace, carried to the app, and what the app's acknowledgement does."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from html import escape

from lab.slack import payloads
from lab.slack.app_requests import AppRequestError, AppRequests
from lab.slack.directory import SLACKBOT, Channel, User
from lab.slack.form_values import missing_fields, view_state
from lab.slack.limits import SlackRefusalError, check_view
from lab.slack.modals import OpenView
from lab.slack.responses import answer_command
from lab.slack.shapes import Json
from lab.slack.workspace import Message, Workspace

COMMANDS = ("/neumann",)
TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Outcome:
    """How an interaction ended, for the person who did it."""

    ok: bool = True
    error: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)  # of a modal's fields, by block_id


class Interactions:
    """The workspace's side of commands, clicks, modals and events."""

    def __init__(
        self, workspace: Workspace, app: AppRequests, events: Collection[str] = ("app_mention",)
    ) -> None:
        self.workspace = workspace
        self.app = app
        self._events = events
        self._deliveries: set[asyncio.Task[None]] = set()

    async def write(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> Outcome:
        """Write a message; one that begins with "/" is a slash command."""
        if text.startswith("/"):
            return await self._command(user, channel, text, thread_ts)
        bot = self.workspace.directory.bot
        # Slack's own client escapes what people type; only what it recognises becomes a mention.
        text = escape(text, quote=False).replace(f"@{bot.name}", f"<@{bot.id}>")
        message = self.workspace.post(channel.id, user.id, {"text": text}, thread_ts=thread_ts)
        kinds = {"message"} | ({"app_mention"} if f"<@{bot.id}>" in text else set())
        for kind in sorted(kinds & set(self._events)):
            delivery = asyncio.create_task(self._deliver(kind, message))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)
        return Outcome()

    async def click(self, user: User, message: Message, ids: tuple[str, str], value: object) -> Outcome:
        """Act on an element of a message; `ids` are its block_id and action_id."""
        if message.ephemeral_to not in (None, user.id):
            raise SlackRefusalError("message_not_found")
        element = payloads.find_element(payloads.message_blocks(message), *ids)
        payload = payloads.click_payload(self.workspace, user, message, element, value)
        return await self._outcome(payload)

    async def click_in_view(
        self, view: OpenView, ids: tuple[str, str], value: object, values: Mapping[str, object]
    ) -> Outcome:
        """Act on an element of an open modal; `values` is what its fields hold at that moment."""
        element = payloads.find_element([(block, None) for block in view.blocks], *ids)
        state = view_state(view, values)
        payload = payloads.view_click_payload(self.workspace, view, element, state, value)
        return await self._outcome(payload)

    async def submit(self, view: OpenView, values: Mapping[str, object]) -> Outcome:
        """Submit a modal and do what the acknowledgement says."""
        state = view_state(view, values)
        if errors := missing_fields(view, state):
            return Outcome(False, None, errors)
        user = self.workspace.user(view.user_id)
        try:
            body = await self.app.post_form(payloads.submission_payload(self.workspace, user, view, state))
            return self._after_submission(view, json.loads(body) if body.strip() else {})
        except AppRequestError as error:
            return Outcome(False, f"{TROUBLE} ({error})")
        except (SlackRefusalError, ValueError) as error:
            return Outcome(False, f"{TROUBLE} (the app answered with an invalid response: {error})")

    async def close(self, view: OpenView, *, is_cleared: bool = False) -> Outcome:
        """Close a modal; the app hears of it when it asked to."""
        self.workspace.modals.close(view)
        if not view.content.get("notify_on_close"):
            return Outcome()
        user = self.workspace.user(view.user_id)
        return await self._outcome(payloads.closed_payload(self.workspace, user, view, is_cleared=is_cleared))

    async def stop(self) -> None:
        """Give up events still being delivered, and close the connections."""
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        await self.app.close()

    async def _command(self, user: User, channel: Channel, text: str, thread_ts: str | None) -> Outcome:
        command = text.split(" ", maxsplit=1)[0]
        if command not in COMMANDS:
            return self._slackbot_says(user, channel, f"{command} is not a valid command.", thread_ts)
        if thread_ts:
            words = f"{command} is not supported in threads. Sorry!"
            return self._slackbot_says(user, channel, words, thread_ts)
        try:
            body = await self.app.post_form(payloads.command_form(self.workspace, channel, user, text))
            answer_command(self.workspace, channel.id, user.id, body)
        except AppRequestError as error:
            return self._slackbot_says(user, channel, f'{command} failed with the error "{error}"')
        except SlackRefusalError as error:
            return self._slackbot_says(user, channel, f'{command} failed with the error "{error.error}"')
        return Outcome()

    def _slackbot_says(
        self, user: User, channel: Channel, words: str, thread_ts: str | None = None
    ) -> Outcome:
        content = {"text": words}
        self.workspace.post(channel.id, SLACKBOT.id, content, thread_ts=thread_ts, ephemeral_to=user.id)
        return Outcome(False, words)

    def _after_submission(self, view: OpenView, answer: Json) -> Outcome:
        modals = self.workspace.modals
        action = answer.get("response_action")
        if action == "errors":
            known = {block["block_id"] for block in view.blocks}
            errors = {
                block_id: str(error) for block_id, error in answer["errors"].items() if block_id in known
            }
            return Outcome(False, None if errors else TROUBLE, errors)
        steps: dict[object, Callable[[], object]] = {
            None: lambda: modals.close(view),
            "clear": lambda: modals.clear(view.user_id),
            "update": lambda: modals.update(modals.find(view.id), answer["view"]),
            "push": lambda: modals.push(view.user_id, answer["view"]),
        }
        if action not in steps:
            raise SlackRefusalError(f"response_action {action}")
        if action in ("update", "push"):
            check_view(answer.get("view"))
        steps[action]()
        return Outcome()

    async def _outcome(self, payload: Json) -> Outcome:
        try:
            await self.app.post_form(payload)
        except AppRequestError as error:
            return Outcome(False, str(error))
        return Outcome()

    async def _deliver(self, kind: str, message: Message) -> None:
        """Send an event, and once more if it fails; Slack's later retries come after minutes."""
        envelope = payloads.event_envelope(self.workspace, kind, message)
        for retry_number in (0, 1):
            try:
                await self.app.post_event(envelope, retry_number)
            except AppRequestError:
                continue
            return
