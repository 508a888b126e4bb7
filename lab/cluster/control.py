"""The lab's service manager: a Unix socket on which each node's systemctl asks for its own service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from lab.cluster.process import Process

Verb = Callable[[str], Awaitable[None]]


class ControlSocket:
    """Answers `{"node": ..., "verb": ...}` with `{"error": ..., "properties": {...}}`, a line each.

    Args:
        path: The socket; short, since a Unix address has about a hundred bytes.
        services: The node processes by name, to show.
        verbs: What to do with a node's name for each verb that changes something.
    """

    def __init__(self, path: Path, services: Mapping[str, Process], verbs: Mapping[str, Verb]) -> None:
        self._path = path
        self._services = services
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to answer."""
        self._server = await asyncio.start_unix_server(self._answer, self._path)

    async def stop(self) -> None:
        """Stop answering; whoever still waits is told nothing more."""
        if self._server is not None:
            self._server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        try:
            request = json.loads(await reader.readline())
            answer = await self._carry_out(request["node"], request["verb"])
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError, KeyError):
            pass  # no question, or nobody left to answer
        except asyncio.CancelledError:
            pass  # the lab stops; asyncio's streams would print this as a fault
        finally:
            writer.close()

    async def _carry_out(self, node: str, verb: str) -> dict[str, object]:
        service = self._services[node]
        error = ""
        if verb in self._verbs:
            try:
                await self._verbs[verb](node)
            except (OSError, TimeoutError):
                error = f"Job for neumann.service failed.\n{service.last_words()}"
        properties = {
            "LoadState": "loaded",
            "MainPID": str(service.pid),
            "ExecMainStartTimestampMonotonic": str(service.started_monotonic_us),
            "ActiveState": service.state,
            "NRestarts": str(service.restarts),
            "Result": service.result,
        }
        return {"error": error, "properties": properties}
