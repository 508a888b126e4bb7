"""A person without a browser: does in the workspace what a person does on the page."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

import httpx

from lab.slack.app.outcome import Outcome
from lab.slack.block_kit.reading import acting_elements
from lab.slack.page_routes import PAGE_HEADER
from lab.slack.shapes import Json

POLL_EVERY_S = 0.05


class Person:
    """One user of the workspace at `url`; use as an async context manager, or call `close`.

    `user` is a name or id, `channel` the channel used where none is named. Methods which act return the
    `Outcome` the person sees; failures of the app are outcomes, not exceptions.
    """

    def __init__(self, url: str, user: str = "alice", channel: str = "neumann-incidents") -> None:
        self.user = user
        self.channel = channel
        headers = {PAGE_HEADER: "person"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=10)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def write(self, text: str, *, thread_ts: str | None = None) -> Outcome:
        """Write a message, in the channel or in a thread."""
        return await self._act("message", {"channel": self.channel, "text": text, "thread_ts": thread_ts})

    async def delete(self, ts: str) -> Outcome:
        """Delete a message; an admin may delete anybody's."""
        return await self._act("delete", {"channel": self.channel, "ts": ts})

    async def command(self, text: str) -> Outcome:
        """Run a slash command, such as "/neumann help"."""
        return await self.write(text)

    async def click(self, ts: str, button: str, value: object = None) -> Outcome:
        """Click, in a message, the button whose action_id begins with `button` or whose text is `button`.

        `value` is an option's value, an id or a date, for a select or picker. Confirm dialogs are confirmed.
        Raises LookupError when there is no such message or button.
        """
        message = next((each for each in await self.messages() if each["ts"] == ts), None)
        if message is None:
            raise LookupError(f"{self.user} sees no message {ts}")
        ids = _ids(all_blocks(message), button)
        return await self._act("click", {"channel": message["channel"], "ts": ts, "value": value, **ids})

    async def click_in_modal(
        self, view: Json, button: str, values: Mapping[str, object] | None = None
    ) -> Outcome:
        """Click a button of an open modal or of the Home tab; raises LookupError when there is none."""
        ids = _ids(view["blocks"], button)
        return await self._act("click", {"view_id": view["id"], "values": dict(values or {}), **ids})

    async def submit(self, view: Json, values: Mapping[str, object] | None = None) -> Outcome:
        """Submit a modal; `values` maps block_id or action_id to text, an option's value, or a list."""
        return await self._act("submit", {"view_id": view["id"], "values": dict(values or {})})

    async def close_modal(self, view: Json) -> Outcome:
        """Close a modal without submitting it."""
        return await self._act("close", {"view_id": view["id"]})

    async def react(self, ts: str, name: str) -> Outcome:
        """Add a reaction to a message, or take one's own back."""
        return await self._act("react", {"channel": self.channel, "ts": ts, "name": name})

    async def shortcut(self, callback_id: str, ts: str | None = None) -> Outcome:
        """Choose one of the app's shortcuts, in the menu of a message if `ts` is given."""
        return await self._act("shortcut", {"channel": self.channel, "ts": ts, "callback_id": callback_id})

    async def open_home(self) -> Outcome:
        """Open the app's Home tab; `home` is what stands in it."""
        return await self._act("home", {})

    async def home(self) -> Json | None:
        """Return the view in the app's Home tab."""
        view: Json | None = (await self.state())["home"]
        return view

    async def state(self) -> Json:
        """Return everything this person sees."""
        answer = await self._client.get("/page/state", params={"user": self.user})
        answer.raise_for_status()
        state: Json = answer.json()
        return state

    async def messages(self, channel: str | None = None) -> list[Json]:
        """Return all messages this person sees in a channel (name or id), replies included, oldest first."""
        state = await self.state()
        wanted = channel or self.channel
        ids = {
            each["id"] for each in state["channels"] if wanted.removeprefix("#") in (each["id"], each["name"])
        }
        return [message for message in state["messages"] if message["channel"] in ids]

    async def thread(self, ts: str) -> list[Json]:
        """Return a thread: the parent and its replies."""
        return [
            message for message in await self.messages() if ts in (message["ts"], message.get("thread_ts"))
        ]

    async def modal(self) -> Json | None:
        """Return the modal on this person's screen."""
        view: Json | None = (await self.state())["view"]
        return view

    async def wait_for_message(self, predicate: Callable[[Json], bool], timeout_s: float = 10.0) -> Json:
        """Return the first message for which `predicate` holds, waiting for it; raises TimeoutError."""

        async def look() -> Json | None:
            return next(filter(predicate, await self.messages()), None)

        return await _poll(look, timeout_s, f"{self.user} waits for a message")

    async def wait_for_modal(
        self, timeout_s: float = 10.0, predicate: Callable[[Json], bool] = lambda view: True
    ) -> Json:
        """Return the modal on the screen, waiting for one that fits; raises TimeoutError."""

        async def look() -> Json | None:
            view = await self.modal()
            return view if view is not None and predicate(view) else None

        return await _poll(look, timeout_s, f"{self.user} waits for a modal")

    async def _act(self, what: str, body: Json) -> Outcome:
        answer = await self._client.post(f"/page/{what}", json={"user": self.user, **body})
        answer.raise_for_status()
        return Outcome(**answer.json())


def all_blocks(message: Json) -> list[Json]:
    """Return a message's own blocks and those of its attachments."""
    attached = [block for each in message.get("attachments", []) for block in each.get("blocks", [])]
    return [*message.get("blocks", []), *attached]


def _ids(blocks: list[Json], button: str) -> Json:
    for block in blocks:
        for element in acting_elements(block):
            label = element["text"]["text"] if element["type"] == "button" else None
            if element["action_id"].startswith(button) or label == button:
                return {"block_id": block["block_id"], "action_id": element["action_id"]}
    raise LookupError(f"no button {button!r}")


async def _poll(look: Callable[[], Awaitable[Json | None]], timeout_s: float, waiting: str) -> Json:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(POLL_EVERY_S)
    raise TimeoutError(f"{waiting}: nothing within {timeout_s} s")
