"""What a person does with a modal, and what the app's acknowledgement does to it."""

import json
from collections.abc import Callable, Mapping

from lab.slack.app import payloads
from lab.slack.app.link import AppLink
from lab.slack.app.outcome import TROUBLE, Outcome
from lab.slack.app.requests import AppRequestError
from lab.slack.form_values import missing_fields, state_of
from lab.slack.limits import check_view
from lab.slack.modals import OpenView
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json
from lab.slack.workspace import Workspace


class Submissions:
    """Submitting and closing."""

    def __init__(self, workspace: Workspace, app: AppLink) -> None:
        self._workspace = workspace
        self._app = app

    async def submit(self, view: OpenView, values: Mapping[str, object]) -> Outcome:
        """Submit a modal and do what the acknowledgement says."""
        state = state_of(view.blocks, values)
        if errors := missing_fields(view.blocks, state):
            return Outcome(False, None, errors)
        user = self._workspace.user(view.user_id)
        try:
            body = await self._app.interact(payloads.submission_payload(self._workspace, user, view, state))
            answer = json.loads(body) if body.strip() else {}
            return self._after(view, answer if isinstance(answer, dict) else {})
        except AppRequestError as error:
            return Outcome(False, f"{TROUBLE} ({error})")
        except (SlackRefusalError, ValueError) as error:
            return Outcome(False, f"{TROUBLE} (the app answered with an invalid response: {error})")

    async def close(self, view: OpenView) -> Outcome:
        """Close a modal; the app hears of it when it asked to."""
        self._workspace.modals.close(view)
        if view.content.get("notify_on_close"):
            user = self._workspace.user(view.user_id)
            payload = payloads.closed_payload(self._workspace, user, view, is_cleared=False)
            try:
                await self._app.interact(payload)
            except AppRequestError as error:
                return Outcome(False, str(error))
        return Outcome()

    def _after(self, view: OpenView, answer: Json) -> Outcome:
        modals = self._workspace.modals
        action = answer.get("response_action")
        if action == "errors":
            return _field_errors(view, answer.get("errors"))
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


def _field_errors(view: OpenView, errors: object) -> Outcome:
    """Return the errors of input blocks that exist, by block_id; an answer without any is invalid."""
    known = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    given = errors if isinstance(errors, dict) else {}
    shown = {block_id: str(error) for block_id, error in given.items() if block_id in known}
    return Outcome(False, None if shown else TROUBLE, shown)
