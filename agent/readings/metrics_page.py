"""Fetch the node's own metrics page on the node, and keep the lines that tell of Neumann."""

from __future__ import annotations

import asyncio
import re

from agent.errors import ReadingError, ReadingRefusedError, ReadingTimedOutError
from agent.http_request import NoAnswerError, send
from agent.protocol import MetricsPage
from agent.settings import Settings
from shared.sanitize import plain

PREFIX = "tensor_chain_"
MAX_PAGE_BYTES = 4 * 1024 * 1024
MAX_TEXT_CHARS = 64 * 1024
_TX_ACTIVE = re.compile(r"tensor_chain_tx_active(?=[{ \t])(?:\{.*\})?[ \t]+")
_COUNT = re.compile(r"([0-9]{1,15})(?:\.0*)?(?:[ \t]+[0-9]+)?[ \t]*")


async def read_metrics(settings: Settings) -> MetricsPage:
    """Get `/metrics`; a page of another kind is told by its content type and holds no lines.

    Raises:
        ReadingTimedOutError: If nothing answers in time.
        ReadingRefusedError: If nothing listens there.
        ReadingError: If it breaks off or answers without 200.
    """
    url, within_s = f"{settings.metrics_url}/metrics", settings.deadlines.metrics
    try:
        async with asyncio.timeout(within_s):
            answer = await send(
                settings.metrics_url.removeprefix("http://"),
                "GET /metrics",
                ("Accept: text/plain",),
                max_bytes=MAX_PAGE_BYTES,
            )
    except TimeoutError as error:
        raise ReadingTimedOutError(f"{url} did not answer within {within_s:g} s.") from error
    except ConnectionRefusedError as error:
        raise ReadingRefusedError(f"{url} refused the connection.") from error
    except asyncio.IncompleteReadError as error:
        raise ReadingError(f"{url} broke off its answer.") from error
    except (OSError, asyncio.LimitOverrunError) as error:
        raise ReadingError(plain(f"{url} cannot be read: {error}.", limit=200)) from error
    except NoAnswerError as error:
        raise ReadingError(plain(f"{url} answered {error}.", limit=200)) from error
    if answer.code != 200:
        raise ReadingError(plain(f"{url} answered with status {answer.status}.", limit=200))
    content_type = plain(str(answer.headers.get("Content-Type", "")), limit=200)
    return MetricsPage(content_type=content_type, text=neumann_lines(answer.body))


async def read_transactions(settings: Settings) -> int:
    """Return how many transactions the node says are running.

    Raises:
        ReadingError: If the page does not say so in a way that leaves no doubt.
    """
    page = await read_metrics(settings)
    values = [
        line.removeprefix(found[0]) for line in page.text.split("\n") if (found := _TX_ACTIVE.match(line))
    ]
    # Every sample, whatever its labels; one that is no count makes the sum unknown.
    counts = [_COUNT.fullmatch(value) for value in values]
    if not counts or not all(counts):
        raise ReadingError(f"{settings.metrics_url}/metrics does not count the running transactions.")
    return sum(int(count[1]) for count in counts if count)


def neumann_lines(body: bytes) -> str:
    """Keep the whole lines that begin with `PREFIX`, up to `MAX_TEXT_CHARS`; a cut last line is dropped."""
    if len(body) > MAX_PAGE_BYTES:
        body = body[:MAX_PAGE_BYTES].rpartition(b"\n")[0]
    kept: list[str] = []
    room = MAX_TEXT_CHARS
    # Not splitlines(): it also breaks at characters that a label's value may hold.
    for line in body.decode(errors="replace").split("\n"):
        if not line.startswith(PREFIX):
            continue
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line.removesuffix("\r") + "\n")
    return "".join(kept)
