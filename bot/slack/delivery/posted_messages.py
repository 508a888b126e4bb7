"""What was posted for an incident, as it was noted; which notes may be lost, what a thread begins with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.slack.delivery.refusal_store import Refusals

HEADLINE = "headline"
CLOCKS_DIFFER_S = 60.0
LOST_WRITES_COME_BACK_S = 3600.0
"""How long after a failover an alert whose incident was lost may come again: the bot asks once a minute."""

BEGINNING = "~"


@dataclass(frozen=True)
class Posted:
    """A message as it was last sent. Without `ts` it was claimed, and its answer never came; without
    `content` it stands there, and nobody knows with which.

    `app` and `team` are the ones that Slack says posted it, where it says so; `redis` is the run of Redis
    that took the note.
    """

    channel: str
    ts: str = ""
    content: str = ""
    app: str = ""
    team: str = ""
    redis: str = ""


@dataclass(frozen=True)
class Beginning:
    """What a thread begins with: its `number` is 0 unless others before it were lost, `why` is the line above
    its headline then, escaped, and `mrkdwn` the same with a link."""

    number: int = 0
    why: str = ""
    mrkdwn: str = ""


@dataclass(frozen=True)
class PostedMessages:
    """The notes of one incident's messages by their keys, the run of Redis that gave them, and the refusals.

    `met_s` is when that run was met first, by its own clock; 0 where no other was met before. `ahead_s` is by
    how much this host's clock is ahead of that one.
    """

    posted: Mapping[str, Posted]
    redis: str
    met_s: float
    refusals: Refusals
    ahead_s: float = 0.0

    def doubted(self, opened_at: datetime, firing_since: datetime) -> bool:
        """Return whether there may be messages without a note.

        A Redis that restarted, failed over or was restored may have lost the notes of what stands there, or
        the whole incident; it is known by its run.

        Args:
            opened_at: When the incident was opened.
            firing_since: When the first of its alerts began.
        """
        if self.headline:
            own = (each for key, each in self.posted.items() if not key.startswith((BEGINNING, "@")))
            return any(each.redis != self.redis for each in own)
        if not self.met_s:
            return False
        before_s = self.met_s + CLOCKS_DIFFER_S
        is_young = self.refusals.now_s < self.met_s + LOST_WRITES_COME_BACK_S
        opened_s = opened_at.timestamp() - self.ahead_s
        return opened_s < before_s or (is_young and firing_since.timestamp() < before_s)

    @property
    def headline(self) -> Posted | None:
        """Return the note of the present thread's headline, where it is known to stand there."""
        found = self.posted.get(HEADLINE)
        return found if found and found.ts else None

    @property
    def beginning(self) -> Beginning:
        """Return what the present thread begins with."""
        noted = self.posted.get(BEGINNING)
        return Beginning(**json.loads(noted.content)) if noted else Beginning()


def field_of(key: str, again: int) -> str:
    """Return the field of the message that goes on with others of its key, `again` of them."""
    return f"{key}+{again}" if again else key


def newest(posted: Mapping[str, Posted], key: str) -> str:
    """Return the field of the last message of a key: those before it are not edited any more."""
    again = 0
    while field_of(key, again + 1) in posted:
        again += 1
    return field_of(key, again)


def again_of(field: str) -> int:
    """Return how many messages one goes on with."""
    return int(field.rpartition("+")[2]) if "+" in field else 0
