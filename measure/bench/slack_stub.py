"""A Slack that takes everything and shows nothing: with a set latency, and Slack's rates if wanted.

It runs in the process of the bench, so what was posted and when is at hand. For what Slack would refuse
there is `lab.slack`; this one only has to be so light that it does not stand in the way.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from lab.slack.rate_limits import RateLimits

SIGNING_SECRET = "the bench's signing secret"
TEAM, APP, USER, GROUP = "T0BENCH", "A0BENCH", "U0BENCH", "S0BENCH"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Post:
    """A message that was posted: when (by `time.perf_counter`), where, and what."""

    at: float
    ts: str
    arguments: dict[str, Any]

    @property
    def channel(self) -> str:
        """Its channel's id."""
        return str(self.arguments["channel"])

    @property
    def key(self) -> str:
        """Return which message of its incident it is; empty where it is none of the bot's."""
        return str((self.arguments.get("metadata") or {}).get("event_payload", {}).get("key", ""))

    def value_of(self, action_id: str) -> str:
        """Return what the button with this action id carries."""
        return next(
            str(each["value"])
            for each in _objects(self.arguments)
            if each.get("action_id") == action_id and "value" in each
        )


@dataclass
class SlackStub:
    """Use as an async context manager. `latency_s` may be set while it runs."""

    latency_s: float = 0.0
    has_rate_limits: bool = False
    posts: list[Post] = field(default_factory=list)
    edits: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    refused: int = 0

    async def __aenter__(self) -> Self:
        self._limits = RateLimits()
        self._came = asyncio.Event()
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, backlog=512)
        self._port = self._server.sockets[0].getsockname()[1]
        self._writers: set[asyncio.StreamWriter] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """Return the Web API's base."""
        return f"http://127.0.0.1:{self._port}/api/"

    @property
    def response_url(self) -> str:
        """Return where commands and clicks are answered."""
        return f"http://127.0.0.1:{self._port}/response/one"

    async def until(self, count: int, key: str | None = None, timeout_s: float = 60.0) -> list[Post]:
        """Return the posts (with this key) once there are so many of them, or as many as came in time."""
        deadline = time.perf_counter() + timeout_s
        while len(found := [each for each in self.posts if key in (None, each.key)]) < count:
            left_s = deadline - time.perf_counter()
            if left_s <= 0:
                break
            self._came.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._came.wait()
            except TimeoutError:
                break
        return found

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                status, answer = await self._answer(head, body)
                start = (
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}"
                )
                writer.write(start.encode() + b"\r\n\r\n" + answer)
        except (EOFError, OSError):
            writer.close()
        finally:
            self._writers.discard(writer)

    async def _answer(self, head: bytes, body: bytes) -> tuple[str, bytes]:
        address = urlsplit(head.split(b" ", 2)[1].decode())
        method = address.path.rsplit("/", 1)[1]
        self.calls[method] = self.calls.get(method, 0) + 1
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        arguments: dict[str, Any] = {name: values[0] for name, values in parse_qs(address.query).items()}
        if body[:1] == b"{":
            arguments |= json.loads(body)
        if self.has_rate_limits and (wait_s := self._limits.take(method, arguments.get("channel"))):
            self.refused += 1
            return f"429 Too Many Requests\r\nRetry-After: {wait_s}", b'{"ok": false, "error": "ratelimited"}'
        return "200 OK", json.dumps({"ok": True, **self._done(method, arguments)}).encode()

    def _done(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "chat.postMessage":
                ts = f"{len(self.posts) + 1}.000000"
                self.posts.append(Post(time.perf_counter(), ts, arguments))
                self._came.set()
                said = {"app_id": APP, "team": TEAM, "thread_ts": arguments.get("thread_ts")}
                return {"channel": arguments["channel"], "ts": ts, "message": said}
            case "chat.update":
                self.edits.append((time.perf_counter(), arguments))
                return {"channel": arguments["channel"], "ts": arguments["ts"]}
            case "conversations.history" | "conversations.replies":
                return {"messages": self._messages(str(arguments.get("channel")))}
            case "auth.test":
                return {"user": "neumann-bot", "user_id": "U0BOT", "bot_id": "B0BOT", "team_id": TEAM}
            case "users.info":
                return {"user": {"id": USER, "name": "alice", "team_id": TEAM}}
            case "usergroups.list":
                return {"usergroups": []}  # whichever is asked about is asked about by itself
            case "usergroups.users.list":
                return {"users": [USER]}
            case "files.getUploadURLExternal":
                return {"upload_url": f"http://127.0.0.1:{self._port}/upload/one", "file_id": "F0BENCH"}
            case "files.completeUploadExternal":
                return {"files": []}
        return {}

    def _messages(self, channel: str) -> list[dict[str, Any]]:
        newest = [post for post in reversed(self.posts) if post.channel == channel][:100]
        return [{"ts": post.ts, "metadata": post.arguments.get("metadata")} for post in newest]


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)
