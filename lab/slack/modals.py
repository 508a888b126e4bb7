"""The views people see: a stack of at most three modals each, and the app's Home tab."""

import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.slack.block_kit.reading import with_ids
from lab.slack.limit_table import VIEW_STACK
from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json

_DEFAULTS: Json = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "clear_on_close": False,
    "notify_on_close": False,
    "submit": None,
    "close": None,
}


@dataclass(frozen=True)
class OpenView:
    """One view on a person's screen."""

    id: str
    user_id: str
    content: Mapping[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def blocks(self) -> list[Json]:
        """Return the view's blocks, ids filled in."""
        blocks = self.content["blocks"]
        return blocks if isinstance(blocks, list) else []

    def to_slack(self, team_id: str, app_id: str, bot_id: str) -> Json:
        """Return the view object as Slack sends it."""
        return {
            **_DEFAULTS,
            **self.content,
            "id": self.id,
            "team_id": team_id,
            "app_id": app_id,
            "bot_id": bot_id,
            "app_installed_team_id": team_id,
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "state": {"values": {}},
        }


class Modals:
    """Everybody's stack of views."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._stacks: dict[str, list[OpenView]] = {}
        self._numbers = itertools.count(1)

    def top(self, user_id: str) -> OpenView | None:
        """Return the view this person sees."""
        stack = self._stacks.get(user_id)
        return stack[-1] if stack else None

    def open(self, user_id: str, content: Mapping[str, Any]) -> OpenView:
        """Show a view in place of whatever stack there was."""
        self._stacks[user_id] = []
        return self.push(user_id, content)

    def push(self, user_id: str, content: Mapping[str, Any]) -> OpenView:
        """Show a view on top; raises `SlackRefusalError` when three are open or the external id is taken."""
        stack = self._stacks.setdefault(user_id, [])
        if len(stack) >= VIEW_STACK:
            raise SlackRefusalError("push_limit_reached")
        self._check_external_id(content)
        view_id = f"V{next(self._numbers):010d}"
        root_id, previous_id = (stack[0].id, stack[-1].id) if stack else (view_id, None)
        view = OpenView(view_id, user_id, _stored(content), _new_hash(), root_id, previous_id)
        stack.append(view)
        self._on_change()
        return view

    def find(self, view_id: object = None, external_id: object = None) -> OpenView:
        """Return an open view by either id; raises `SlackRefusalError("not_found")`."""
        for stack in self._stacks.values():
            for view in stack:
                if view.id == view_id or (external_id and view.content.get("external_id") == external_id):
                    return view
        raise SlackRefusalError("not_found")

    def update(self, view: OpenView, content: Mapping[str, Any], expected_hash: object = None) -> OpenView:
        """Change an open view; raises `SlackRefusalError("hash_conflict")` when it changed meanwhile."""
        if expected_hash and expected_hash != view.hash:
            raise SlackRefusalError("hash_conflict")
        changed = replace(view, content=_stored(content), hash=_new_hash())
        stack = self._stacks[view.user_id]
        stack[stack.index(view)] = changed
        self._on_change()
        return changed

    def close(self, view: OpenView) -> None:
        """Take one view off; the one below shows again."""
        stack = self._stacks.get(view.user_id, [])
        self._stacks[view.user_id] = [other for other in stack if other.id != view.id]
        self._on_change()

    def clear(self, user_id: str) -> None:
        """Close all of a person's views."""
        self._stacks.pop(user_id, None)
        self._on_change()

    def _check_external_id(self, content: Mapping[str, Any]) -> None:
        wanted = content.get("external_id")
        taken = {view.content.get("external_id") for stack in self._stacks.values() for view in stack}
        if wanted and wanted in taken:
            raise SlackRefusalError("duplicate_external_id")


class Homes:
    """Everybody's Home tab; there is none until the app publishes one."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._views: dict[str, OpenView] = {}

    def of(self, user_id: str) -> OpenView | None:
        """Return what this person sees in the Home tab."""
        return self._views.get(user_id)

    def publish(self, user_id: str, content: Mapping[str, Any], expected_hash: object = None) -> OpenView:
        """Put a view in place of the one there; raises `SlackRefusalError("hash_conflict")`."""
        before = self._views.get(user_id)
        if expected_hash and (before is None or expected_hash != before.hash):
            raise SlackRefusalError("hash_conflict")
        view_id = before.id if before else f"V{secrets.token_hex(5).upper()}"
        view = OpenView(view_id, user_id, _stored(content), _new_hash(), view_id)
        self._views[user_id] = view
        self._on_change()
        return view

    def find(self, view_id: object) -> OpenView | None:
        """Return a published view by its id."""
        return next((view for view in self._views.values() if view.id == view_id), None)


def _stored(content: Mapping[str, Any]) -> Json:
    return {**content, "blocks": with_ids(content["blocks"])}


def _new_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"
