"""What people and hosts do from outside: in Slack, to Redis, to clocks and to the configuration."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from bot.slack.delivery.thread_pass import DELETED
from handlers.domain.events import Event
from handlers.domain.events.diagnosis import EvidenceRead
from handlers.domain.events.recovery import LeaderSeen, LeaderVerified
from handlers.domain.events.triage import Acknowledged
from lab.slack.faults import GATEWAY_TIMEOUT
from lab.slack.message import Message
from lab.slack.person import Person
from lab.stage import CHANNEL
from measure.chaos.delivery_rig import ANOTHER, BOTS, CLUSTERS, DeliveryRig
from measure.chaos.delivery_steps import SPRUNG_WITHIN_S, sprung
from measure.chaos.tripwire import Wire, edited
from tests.bot.slack.views_seen import key_of
from tests.redis_box import RedisBox

ODD = sorted((Path(__file__).parents[2] / "tests" / "data" / "webhooks").glob("[0-9]*.json"))
SEEN_WITHIN_S = 90.0

READ: tuple[type[Event], ...] = (EvidenceRead, LeaderSeen, LeaderVerified)
"""What the bot notes when it has read a cluster."""

Json = dict[str, Any]
Command = tuple[str, ...]


async def headline_deleted(rig: DeliveryRig) -> None:
    """Delete a headline while an edit of it is on its way, with replies below it."""

    async def delete(rig: DeliveryRig, _: str) -> bool:
        rig.slack.workspace.delete(_stand(rig, "headline")[-1])
        return True

    await sprung(rig, "slack_ways", BOTS, Wire(edited(CLUSTERS[0]), "before"), delete)


async def reply_deleted(rig: DeliveryRig) -> None:
    """Delete the findings, which the end of the incident is to change."""
    rig.slack.workspace.delete(_stand(rig, "findings")[-1])


async def edits_forbidden(rig: DeliveryRig) -> None:
    """Let the workspace forbid edits of whatever stands there."""
    rig.slack.workspace.edit_window_s = 0.0


async def channel_archived(rig: DeliveryRig, down_s: float) -> None:
    """Archive the channel once it has a headline, and bring it back."""
    await _headline_stands(rig)
    rig.slack.workspace.archive(CHANNEL)
    await asyncio.sleep(down_s)
    rig.slack.workspace.archive(CHANNEL, is_archived=False)


async def channel_replaced(rig: DeliveryRig) -> None:
    """Archive the channel for good; whoever operates the bot names another, as the log says."""
    workspace = rig.slack.workspace
    await _headline_stands(rig)
    workspace.archive(CHANNEL)

    def another(document: Json) -> None:
        document["slack"]["channel"] = ANOTHER.id

    await rig.run_anew(another)


async def token_revoked(rig: DeliveryRig, down_s: float) -> None:
    """Let Slack refuse the token once a headline stands; `/readyz` has to say so."""
    await _headline_stands(rig)
    fault = rig.slack.faults.fail("*", "token_revoked", times=None)
    await _says(rig, "token_revoked", 200)
    await asyncio.sleep(down_s)
    rig.slack.faults.clear(fault.id)


async def group_deleted(rig: DeliveryRig) -> None:
    """Delete a user group that may confirm; a colleague acknowledges an incident all the same."""
    workspace = rig.slack.workspace
    headline = await _headline_stands(rig)
    workspace.directory = replace(workspace.directory, groups=workspace.directory.groups[1:])
    async with Person(rig.slack.url, "alice", CHANNEL) as alice:
        await alice.click(headline.ts, "Acknowledge")
        await _until_more(rig, headline, 0, Acknowledged)


async def cluster_taken_out(rig: DeliveryRig) -> None:
    """Take a cluster out of the configuration while its incident is open; afterwards it is added again."""
    await _headline_stands(rig)

    def without(document: Json) -> None:
        document["clusters"] = [each for each in document["clusters"] if each["name"] != CLUSTERS[1]]

    await rig.run_anew(without)


async def clock_wrong(rig: DeliveryRig, offset: str) -> None:
    """Set the clock of the bot's host while an incident is open: it is read on, lost answers are found."""
    headline = await _headline_stands(rig)
    before = await _count(rig, headline, *READ)
    rig.slack.faults.fail("chat.postMessage", GATEWAY_TIMEOUT, times=2)
    await rig.run_anew(clock=offset)
    await _until_more(rig, headline, before, *READ)


async def redis_takes_no_writes(rig: DeliveryRig, how: str, down_s: float) -> None:
    """Let Redis read and not write; `/readyz` has to say so."""
    assert isinstance(rig.redis, RedisBox)
    begin, end = TAKES_NO_WRITES[how]
    (rig.redis.folder / "dump.rdb" / "in-the-way").mkdir(parents=True, exist_ok=True)
    await _headline_stands(rig)
    try:
        for command in begin:
            await rig.client.execute_command(*command)
        await _says(rig, "", 503)
        await asyncio.sleep(down_s)
    finally:
        for command in end:
            await rig.client.execute_command(*command)


TAKES_NO_WRITES: dict[str, tuple[tuple[Command, ...], tuple[Command, ...]]] = {
    "no-memory": ((("CONFIG", "SET", "maxmemory", "1"),), (("CONFIG", "SET", "maxmemory", "0"),)),
    "no-replicas": (
        (("CONFIG", "SET", "min-replicas-to-write", "1"),),
        (("CONFIG", "SET", "min-replicas-to-write", "0"),),
    ),
    "read-only": ((("REPLICAOF", "127.0.0.1", "1"),), (("REPLICAOF", "NO", "ONE"),)),
    "not-allowed": (
        (("ACL", "SETUSER", "default", "-@write"),),
        (("ACL", "SETUSER", "default", "+@all"),),
    ),
    "snapshot-fails": ((("CONFIG", "SET", "save", "3600 1"), ("BGSAVE",)), (("CONFIG", "SET", "save", ""),)),
}
"""What is told Redis, and what undoes it. A folder stands where the snapshot of the last one would go."""


async def odd_alerts(rig: DeliveryRig) -> None:
    """Send what others made of a notification; each is taken, and the rest goes on."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        for file in ODD:
            answer = await http.post(
                f"http://{rig.web}/alertmanager",
                content=file.read_bytes(),
                headers={"Authorization": f"Bearer {rig.token}"},
            )
            if not answer.is_success:
                raise ValueError(f"{file.name}: {answer.status_code} {answer.text}")


async def _headline_stands(rig: DeliveryRig) -> Message:
    """Wait until the first cluster has a headline that it has not now, and return it."""
    before = len(_stand(rig, "headline"))
    deadline = time.monotonic() + SPRUNG_WITHIN_S
    while len(found := _stand(rig, "headline")) == before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no headline within {SPRUNG_WITHIN_S:.0f} s")
        await asyncio.sleep(0.02)
    return found[-1]


def _stand(rig: DeliveryRig, key: str) -> list[Message]:
    """Return the messages of this key, oldest first; of headlines those of the first cluster."""
    found = [each for each in rig.slack.workspace.messages if (key_of(each) or ("", ""))[1] == key]
    begin = tuple(f"{line}{CLUSTERS[0]}: " for line in ("", f"{DELETED} "))
    return [each for each in found if key != "headline" or _words(each).startswith(begin)]


def _words(message: Message) -> str:
    return str(message.attachments[0]["fallback"]) if message.attachments else message.text


async def _count(rig: DeliveryRig, headline: Message, *kinds: type[Event]) -> int:
    """Return how many events of these kinds the incident of the headline has."""
    incident_id, _ = key_of(headline) or ("", "")
    return sum(isinstance(event, kinds) for event in await rig.store.timeline(incident_id))


async def _until_more(rig: DeliveryRig, headline: Message, before: int, *kinds: type[Event]) -> None:
    """Wait until there are more of them than before."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    while await _count(rig, headline, *kinds) <= before:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"none of {', '.join(each.__name__ for each in kinds)} in {SEEN_WITHIN_S:.0f} s"
            )
        await asyncio.sleep(0.1)


async def _says(rig: DeliveryRig, words: str, status: int) -> None:
    """Wait until `/readyz` answers so."""
    deadline = time.monotonic() + SEEN_WITHIN_S
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        while True:
            answer = await http.get(f"http://{rig.web}/readyz")
            if answer.status_code == status and words in answer.text:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"/readyz says {answer.status_code} {answer.text}")
            await asyncio.sleep(0.3)
