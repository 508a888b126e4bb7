"""What a person does in the workspace, carried to the app."""

import re
from collections.abc import Mapping
from html import escape

from lab.slack.app import announcements, payloads
from lab.slack.app.link import AppLink
from lab.slack.app.outcome import Outcome, failed_click
from lab.slack.app.requests import AppRequestError
from lab.slack.app.responses import answer_command
from lab.slack.app.submissions import Submissions
from lab.slack.directory import SLACKBOT, Channel, User
from lab.slack.form_values import state_of
from lab.slack.message import Message
from lab.slack.modals import OpenView
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


class Interactions:
    """The workspace's side of messages, commands, clicks and shortcuts; modals have `submissions`."""

    def __init__(self, workspace: Workspace, app: AppLink) -> None:
        self.workspace = workspace
        self.app = app
        self.submissions = Submissions(workspace, app)

    async def write(self, user: User, channel: Channel, text: str, thread_ts: str | None = None) -> Outcome:
        """Write a message; one that begins with "/" is a slash command, unless a bot writes it."""
        if text.startswith("/") and not user.is_bot:
            return await self._command(user, channel, text, thread_ts)
        bot = self.workspace.directory.bot
        # Slack's own client escapes what people type; only what it recognises becomes a mention.
        text = re.sub(rf"@{re.escape(bot.name)}(?![\w-])", f"<@{bot.id}>", escape(text, quote=False))
        message = self.workspace.post(channel.id, user.id, {"text": text}, thread_ts=thread_ts)
        announcements.message_written(self.workspace, message)
        return Outcome()

    async def click(self, user: User, message: Message, ids: tuple[str, str], value: object) -> Outcome:
        """Act on an element of a message; `ids` are its block_id and action_id."""
        if message.ephemeral_to not in (None, user.id):
            raise SlackRefusalError("message_not_found")
        element = payloads.find_element(payloads.message_blocks(message), *ids)
        return await self._send(payloads.click_payload(self.workspace, user, message, element, value))

    async def click_in_view(
        self, view: OpenView, ids: tuple[str, str], value: object, values: Mapping[str, object]
    ) -> Outcome:
        """Act on an element of a modal or Home tab; `values` is what its fields hold at that moment."""
        element = payloads.find_element([(block, None) for block in view.blocks], *ids)
        state = state_of(view.blocks, {**values, ids[0]: value} if value is not None else values)
        return await self._send(payloads.view_click_payload(self.workspace, view, element, state, value))

    async def shortcut(self, user: User, callback_id: str, message: Message | None) -> Outcome:
        """Choose a shortcut from a message's menu, or (without one) from the menu of the box to write in."""
        kind = "global" if message is None else "message"
        for shortcut in self.workspace.manifest.shortcuts:
            if (shortcut.callback_id, shortcut.kind) == (callback_id, kind):
                return await self._send(payloads.shortcut_payload(self.workspace, user, shortcut, message))
        raise SlackRefusalError("shortcut_not_found")

    async def _send(self, payload: Json) -> Outcome:
        try:
            await self.app.interact(payload)
        except AppRequestError as error:
            return failed_click(str(error), error.status)
        return Outcome()

    async def _command(self, user: User, channel: Channel, text: str, thread_ts: str | None) -> Outcome:
        command = text.split(" ", maxsplit=1)[0]
        # An app's commands are its own workspace's: to a person of another one they do not exist.
        if command not in self.workspace.manifest.commands or user.is_foreign:
            return self._slackbot_says(user, channel, f"{command} is not a valid command.", thread_ts)
        if thread_ts:
            words = f"{command} is not supported in threads. Sorry!"
            return self._slackbot_says(user, channel, words, thread_ts)
        try:
            body = await self.app.command(payloads.command_form(self.workspace, channel, user, text))
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
