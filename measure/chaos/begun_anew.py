"""What is right of a thread whose messages had to be posted once more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from bot.slack.views.message import Message as Drawn
from lab.slack.workspace import Message
from tests.bot.slack.views_seen import told

HEADLINE = "headline"
THREADS = 2
"""The one that was lost, and the one that goes on with it."""

Shown = Mapping[str, Sequence[Message]]
"""The messages of one incident by their keys, oldest first."""

Contents = Mapping[str, Sequence[str]]
"""By the message's ts all that it has shown, in order."""


def is_behind(contents: Contents, incident_id: str, wanted: Sequence[Drawn], shown: Shown) -> Iterator[str]:
    """Yield each message of which the newest does not stand below the newest headline as it should."""
    began = _headlines(shown)
    for drawn in wanted:
        there = shown.get(drawn.key, [])
        if not there or not began:
            yield f"{incident_id} {drawn.key} is not in Slack"
            continue
        newest = there[-1]
        if not _shows(contents.get(newest.ts, [""])[-1], drawn):
            yield f"{incident_id} {drawn.key} shows something else than the timeline says"
        if (newest.thread_ts or newest.ts) != began[-1].ts:
            yield f"{incident_id} {drawn.key} does not stand below the newest headline"


def is_wrong(contents: Contents, incident_id: str, shown: Shown) -> Iterator[str]:
    """Yield what stands twice in one thread with the same words, and threads that nothing called for."""
    if len(_headlines(shown)) > THREADS:
        yield f"{incident_id} has {len(_headlines(shown))} headlines"
    for key, messages in shown.items():
        first = [(each.thread_ts, contents.get(each.ts, [""])[0]) for each in messages]
        if len(set(first)) < len(first):
            yield f"{incident_id} {key} was posted with the same words in the same thread"


def _headlines(shown: Shown) -> list[Message]:
    return [each for each in shown.get(HEADLINE, []) if not each.is_reply]


def _shows(content: str, drawn: Drawn) -> bool:
    """Return whether it shows what was drawn; a line above it may say why it was posted once more."""
    if content == told(drawn.body()):
        return True
    said, wanted = json.loads(content or "{}"), json.loads(told(drawn.body()))
    for body in (said, wanted):
        for part in (body, *(body.get("attachments") or ())):
            for name in ("text", "fallback"):
                part.pop(name, "")
    for body, more in ((said, 1), (wanted, 0)):
        for part in (body, *(body.get("attachments") or ())):
            if part.get("blocks"):
                part["blocks"] = part["blocks"][more:]
    return bool(said == wanted)
