"""Every content that each message of the bot has had in Slack, one after the other."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from lab.slack.workspace import Message, Workspace

MADE_UP = ("block_id", "id")
"""What Slack adds to what was sent."""


class ViewsSeen:
    """Looks whenever something changes in the workspace, while the `async with` lasts."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._last: dict[str, Message] = {}
        self.contents: dict[str, list[str]] = {}
        """By the message's ts."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        version = -1
        while not self._workspace.is_closed:
            for message in self._workspace.messages:
                if self._last.get(message.ts) is not message:
                    self._last[message.ts] = message
                    contents, now = self.contents.setdefault(message.ts, []), shown(message)
                    if contents[-1:] != [now]:
                        contents.append(now)
            version = await self._workspace.wait_for_change(version)


def shown(message: Message) -> str:
    """What a message shows, without what Slack made up."""
    return told({"text": message.text, "blocks": message.blocks, "attachments": message.attachments})


def told(body: dict[str, Any]) -> str:
    """The same of a body that is sent."""
    parts = {name: body.get(name) or "" for name in ("text", "blocks", "attachments")}
    return json.dumps(_bare(parts), sort_keys=True)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if name not in MADE_UP}
    return [_bare(part) for part in value] if isinstance(value, list | tuple) else value


def key_of(message: Message) -> tuple[str, str] | None:
    """The incident and key of a message; a picture has none."""
    payload = (message.metadata or {}).get("event_payload")
    return (payload["incident"], payload["key"]) if payload else None
