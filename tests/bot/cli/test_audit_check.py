"""Who can write to Redis alone cannot make the bot act, and who looks afterwards finds what was changed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey
from redis.asyncio import Redis

from bot import clients
from bot.config import load as load_settings
from bot.store.compression import unpack
from bot.store.mac_chain import KEY_USE, Chain, End
from bot.store.timelines import TimelineStore
from handlers import advance
from handlers.domain.alerts import IncidentIdentity
from handlers.domain.events import EVENT, Event
from handlers.domain.events.remediation import ActionFinished, ActionStarted, PlanConfirmed
from handlers.domain.incident import Incident
from handlers.errors import Moved, Tampered
from handlers.ports import Ports, Readiness
from handlers.remediation import propose
from handlers.remediation.run import order_of
from lab.cluster.cluster import Lab
from tests.bot.cli.test_app import run
from tests.bot.conftest import CHAIN, Becomes, WriteConfig
from tests.bot.incidents import confirmed, quorum_loss
from tests.builders import ALICE, NOON, alert, diagnosed, opened
from tests.handlers.story import click, submitted
from tests.handlers.world import World

pytestmark = pytest.mark.process

ID = "inc-1"
STORY = (opened(), *diagnosed(quorum_loss()), opened(alert("NodeDown")), opened(alert("ElectionStorm")))

Fields = dict[Any, Any]
"""A stream entry's, all in bytes."""


class Intruder:
    """Somebody who can do anything in Redis, and has no key."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.redis, self.prefix = redis, prefix

    async def read(self, incident_id: str = ID) -> list[Fields]:
        entries: Any = await self.redis.xrange(f"{self.prefix}:timeline:{incident_id}")
        return [{**fields, b"event": unpack(fields[b"event"])} for _, fields in entries]

    async def write(self, entries: list[Fields], *, first: int = 1, incident_id: str = ID) -> None:
        """Put these in place of the timeline, each at the place that it should have."""
        name = f"{self.prefix}:timeline:{incident_id}"
        await self.redis.delete(name)
        for position, fields in enumerate(entries, first):
            await self.redis.xadd(name, {**fields}, id=f"0-{position}")

    async def add(self, fields: Fields, entry_id: str) -> None:
        await self.redis.xadd(f"{self.prefix}:timeline:{ID}", {**fields}, id=entry_id)

    async def note_end(self, end: End, *, incident_id: str = ID) -> None:
        await self.redis.hset(f"{self.prefix}:ends", incident_id, str(end))


@pytest.fixture
def intruder(redis: Redis, prefix: str) -> Intruder:
    return Intruder(redis, prefix)


async def written(store: TimelineStore, *events: Event, incident_id: str = ID) -> Incident:
    incident = await store.load(incident_id)
    for event in events:
        incident = await store.append(incident, event)
    return incident


def test_the_mac_is_made_as_it_is_documented_so_that_what_is_stored_stays_readable() -> None:
    """RFC 5869 for the key, RFC 2104 for the MAC, both written out with the standard library alone."""
    seed = b"the key that all replicas share."
    extracted = hmac.digest(bytes(32), seed, "sha256")
    key = hmac.digest(extracted, KEY_USE + b"\x01", "sha256")
    before = "ab" * 32
    message = b"5:inc-1" + b"1:7" + b"64:" + before.encode() + b"2:{}"
    expected = hmac.new(key, message, hashlib.sha256).hexdigest()
    assert CHAIN.extend("inc-1", End(6, before), b"{}") == End(7, expected)


async def changed(intruder: Intruder, entries: list[Fields]) -> None:
    entries[1][b"event"] = entries[1][b"event"].replace(b'"node2"', b'"node9"')
    await intruder.write(entries)


async def removed(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.redis.xdel(f"{intruder.prefix}:timeline:{ID}", "0-3")


async def closed_up(intruder: Intruder, entries: list[Fields]) -> None:
    del entries[2]
    await intruder.write(entries)
    await intruder.note_end(End(4, entries[-1][b"mac"].decode()))


async def swapped(intruder: Intruder, entries: list[Fields]) -> None:
    entries[3], entries[4] = entries[4], entries[3]
    await intruder.write(entries)


async def repeated(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.add(entries[-1], "0-6")
    await intruder.note_end(End(6, entries[-1][b"mac"].decode()))


async def without_mac(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.add({b"event": entries[0][b"event"]}, "0-6")


async def with_a_guess(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.add({b"event": entries[0][b"event"], b"mac": b"\xff" * 64}, "0-6")
    await intruder.note_end(End(6, "ff"))


async def of_another_key(intruder: Intruder, entries: list[Fields]) -> None:
    end, forged = End(), []
    other = Chain(SigningKey.generate())
    for entry in entries:
        end = other.extend(ID, end, entry[b"event"])
        forged.append({b"event": entry[b"event"], b"mac": end.mac.encode()})
    await intruder.write(forged)
    await intruder.note_end(end)


async def of_another_incident(intruder: Intruder, entries: list[Fields]) -> None:
    store = TimelineStore(intruder.redis, intruder.prefix, CHAIN)
    other = await written(store, *STORY, incident_id="inc-2")
    await intruder.write(await intruder.read("inc-2"))
    await intruder.note_end(End(other.position, other.mac))


async def beside_the_places(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.add(entries[0], "7-1")


async def cut_off(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.redis.xdel(f"{intruder.prefix}:timeline:{ID}", "0-4", "0-5")


async def cut_off_in_front(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.redis.xtrim(f"{intruder.prefix}:timeline:{ID}", maxlen=3, approximate=False)


async def gone(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.redis.delete(f"{intruder.prefix}:timeline:{ID}")


async def without_end(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.redis.hdel(f"{intruder.prefix}:ends", ID)


async def from_before_macs(intruder: Intruder, entries: list[Fields]) -> None:
    await intruder.write([{b"event": entry[b"event"]} for entry in entries])
    await intruder.redis.hdel(f"{intruder.prefix}:ends", ID)


TAMPERING = {
    changed: "event 2 is not what the bot wrote there",
    removed: "event 3 is missing",
    closed_up: "event 3 is not what the bot wrote there",
    swapped: "event 4 is not what the bot wrote there",
    repeated: "event 6 is not what the bot wrote there",
    without_mac: "event 6 carries no MAC",
    with_a_guess: "event 6 is not what the bot wrote there",
    of_another_key: "event 1 is not what the bot wrote there, or was signed with a key that",
    of_another_incident: "event 1 is not what the bot wrote there",
    beside_the_places: "the entry 7-1 is none of the bot's",
    cut_off: "it ends at event 3, and event 5 is noted as the last",
    cut_off_in_front: "events 1 to 2 are missing",
    gone: "it ends at event 0, and event 5 is noted as the last",
    without_end: "nothing says where it should end",
    from_before_macs: "event 1 carries no MAC, so it is from before there were any, or not the bot's",
}
Tampering = Callable[[Intruder, list[Fields]], Awaitable[None]]


@pytest.mark.parametrize(("tamper", "said"), TAMPERING.items(), ids=[each.__name__ for each in TAMPERING])
async def test_row_08_whatever_is_done_to_a_timeline_it_is_not_believed(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder, tamper: Tampering, said: str
) -> None:
    known = await written(store, *STORY)
    await tamper(intruder, await intruder.read())

    for _ in range(2):
        with pytest.raises(Tampered) as caught:
            await TimelineStore(redis, prefix, CHAIN).load(ID)
    assert str(caught.value).startswith(f"The timeline of {ID} is not as the bot wrote it: {said}")
    assert str(caught.value).endswith(f"neumann-bot audit verify {ID}")

    # A replica that remembers the genuine state may go on with it, but never with anything else.
    try:
        assert await store.load(ID) == known
        await store.append(known, opened(alert("NodeDown")))
    except (Tampered, Moved):
        pass
    with pytest.raises(Tampered):
        await TimelineStore(redis, prefix, CHAIN).load(ID)


@pytest.mark.parametrize("tamper", [without_end, cut_off, without_mac])
async def test_nothing_is_appended_where_the_end_is_not_the_one_that_was_read(
    store: TimelineStore, intruder: Intruder, tamper: Tampering
) -> None:
    known = await written(store, *STORY)
    await tamper(intruder, await intruder.read())
    left = await intruder.read()
    with pytest.raises(Moved):
        await store.append(known, opened(alert("NodeDown")))
    assert await intruder.read() == left


async def test_a_timeline_that_nobody_touched_is_believed(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder
) -> None:
    known = await written(store, *STORY)
    await intruder.write(await intruder.read())
    assert await TimelineStore(redis, prefix, CHAIN).load(ID) == known, "the same bytes are no tampering"


async def test_while_the_grant_key_is_changed_every_replica_reads_what_the_others_write(
    redis: Redis, prefix: str
) -> None:
    former, coming = SigningKey.generate(), SigningKey.generate()
    told = TimelineStore(redis, prefix, Chain(former, coming))
    changed_already = TimelineStore(redis, prefix, Chain(coming, former))
    await written(told, opened())
    await written(changed_already, opened(alert("NodeDown")))
    known = await written(told, opened(alert("ElectionStorm")))
    assert await changed_already.load(ID) == known
    assert len(known.firing) == 3
    for alone in (former, coming):
        with pytest.raises(Tampered, match="with a key that is not configured"):
            await TimelineStore(redis, prefix, Chain(alone)).load(ID)


def acting_on(store: TimelineStore, world: World | None = None) -> tuple[World, Ports]:
    """The handlers on this store; all else is as the test says."""
    world = world or World()
    world.cluster.shows = quorum_loss()
    world.timelines = store  # type: ignore[assignment]
    return world, world.ports


async def clicked(store: TimelineStore, ports: Ports) -> PlanConfirmed:
    """A plan is shown to Alice, who has not confirmed it: what an intruder would have her say."""
    incident = await written(store, opened(), *diagnosed(quorum_loss()))
    await store.remember_handle(incident.offers[0].handle, ID)
    _, proposed = await propose.propose(ports, click(incident.offers[0].handle))
    return PlanConfirmed(at=NOON, handle=proposed.handle, plan_sha256=proposed.plan.sha256, by=ALICE, fence=1)


async def test_row_08_a_confirmation_that_was_written_into_redis_grants_nothing(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder
) -> None:
    world, ports = acting_on(store)
    confirmation = EVENT.dump_json(await clicked(store, ports))
    genuine = await intruder.read()
    for mac in (None, genuine[-1][b"mac"], b"0" * 64):
        await intruder.write(genuine)
        await intruder.add({b"event": confirmation} | ({b"mac": mac} if mac else {}), "0-5")
        await intruder.note_end(End(5, (mac or b"").decode()))
        for replica in (store, TimelineStore(redis, prefix, CHAIN)):
            other_world, other_ports = acting_on(replica)
            with pytest.raises(Tampered):
                await advance.advance(other_ports, ID)
            assert (other_world.agents.effects, other_world.agents.ledger) == ([], {})

    # Redis as it was: she confirms herself, and the very same plan is carried out.
    await intruder.write(genuine)
    await intruder.note_end(End(4, genuine[-1][b"mac"].decode()))
    handle = EVENT.validate_json(confirmation)
    assert isinstance(handle, PlanConfirmed)
    await propose.confirm(ports, submitted(handle.handle))
    await advance.advance(ports, ID)
    assert [node for node, _ in world.agents.effects] == ["node2", "node3"]


async def test_row_08_a_confirmed_plan_that_was_changed_in_redis_grants_nothing(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder
) -> None:
    _, ports = acting_on(store)
    await propose.confirm(ports, submitted((await clicked(store, ports)).handle))
    genuine = await intruder.read()
    for position, was, becomes in (
        (4, b'"start_service","node":"node2"', b'"restart_service","node":"node1"'),
        (5, ALICE.id.encode(), b"U0MALLORY1"),
    ):
        entries = [dict(entry) for entry in genuine]
        event = entries[position - 1][b"event"]
        entries[position - 1][b"event"] = event.replace(was, becomes)
        assert entries[position - 1][b"event"] != event
        await intruder.write(entries)
        world, other_ports = acting_on(TimelineStore(redis, prefix, CHAIN))
        with pytest.raises(Tampered, match=f"event {position} is not what the bot wrote"):
            await advance.advance(other_ports, ID)
        assert (world.agents.effects, world.agents.ledger) == ([], {})


async def test_row_08_no_button_of_an_incident_that_was_tampered_with_does_anything(
    store: TimelineStore, redis: Redis, prefix: str, intruder: Intruder
) -> None:
    _, ports = acting_on(store)
    handle = (await clicked(store, ports)).handle
    entries = await intruder.read()
    await changed(intruder, entries)
    _, ports = acting_on(TimelineStore(redis, prefix, CHAIN))
    with pytest.raises(Tampered):
        await propose.confirm(ports, submitted(handle))
    assert await intruder.read() == entries, "nothing was added"


# The command, as an operator runs it: real Redis, real agents.


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    return write_config()


@pytest.fixture
def audited(config: Path, redis: Redis) -> TimelineStore:
    """The store of this configuration."""
    settings = load_settings(config)
    return TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))


@pytest.fixture
def burglar(config: Path, redis: Redis) -> Intruder:
    """Somebody in the Redis of this configuration."""
    return Intruder(redis, load_settings(config).redis.prefix)


async def acted(
    store: TimelineStore, config: Path, lab: Lab, becomes: Becomes, incident_id: str = ID
) -> Incident:
    """An incident in which node2 was started, and node3 was said to have been, and was not."""
    incident = await written(store, *confirmed(quorum_loss()), incident_id=incident_id)
    await lab.stop_node("node2")
    async with clients.reader(load_settings(config)) as (_, agents):
        first, second = (order_of(incident, step.action) for step in incident.runs[-1].plan.steps)
        readiness = await agents.prepare(first)
        assert isinstance(readiness, Readiness), readiness
        outcome = await agents.commit(first, readiness)
        assert outcome.state == "done", outcome.detail
        names = [agents.action_id(order) for order in (first, second)]
    for index, name in enumerate(names):
        incident = await store.append(
            incident,
            ActionStarted(at=NOON, index=index, action_id=name),
            ActionFinished(at=NOON, index=index, state="done", detail="It runs."),
        )
    await becomes(lab.leader)
    return incident


async def test_row_21_the_nodes_ledgers_are_asked_and_one_that_says_otherwise_is_named(
    audited: TimelineStore, config: Path, lab: Lab, becomes: Becomes
) -> None:
    await acted(audited, config, lab, becomes, "inc-4")
    code, out, err = await run("audit", "verify", "inc-4", "--config", str(config))
    assert (code, err) == (1, "")
    assert out == (
        "inc-4: 9 events, start_service on node3 is done in the timeline, and not known at all in the node's"
        " ledger; the ledgers agree on 1 action.\n"
    )


async def test_row_08_a_timeline_that_was_cut_back_behind_what_a_node_did_is_named(
    audited: TimelineStore, config: Path, lab: Lab, becomes: Becomes, burglar: Intruder
) -> None:
    """What is left is genuine, so no MAC shows it: the node does."""
    await acted(audited, config, lab, becomes, "inc-3")
    kept = (await burglar.read("inc-3"))[:4]
    await burglar.write(kept, incident_id="inc-3")
    await burglar.note_end(End(4, kept[-1][b"mac"].decode()), incident_id="inc-3")
    code, out, err = await run("audit", "verify", "inc-3", "--config", str(config))
    assert (code, err) == (1, "")
    assert "node2 has acted on event 5, which is gone or another one now" in out
    # Nor does it pass for one whose first alert is about to be stored.
    await burglar.redis.delete(f"{burglar.prefix}:timeline:inc-3")
    await burglar.redis.hdel(f"{burglar.prefix}:ends", "inc-3")
    await burglar.redis.hset(f"{burglar.prefix}:open", "demo/leader-election", "inc-3")
    code, out, err = await run("audit", "verify", "inc-3", "--config", str(config))
    assert (code, err) == (1, "")
    assert "inc-3: 0 events, node2 has acted on event 5, which is gone or another one now" in out


async def test_a_node_that_cannot_be_asked_is_said_and_is_no_fault(
    audited: TimelineStore, config: Path, lab: Lab, becomes: Becomes
) -> None:
    await acted(audited, config, lab, becomes, "inc-2")
    config.write_text(config.read_text().replace(str(lab.node("node3").agent), "127.0.0.1:1"))
    code, out, _ = await run("audit", "verify", "inc-2", "--json", "--config", str(config))
    (report,) = json.loads(out)["incidents"]
    assert (code, report["sound"], report["actions_agree"]) == (0, True, 1)
    (not_asked,) = report["not_asked"]
    assert not_asked.startswith("start_service on node3 (the agent cannot be reached")


async def test_all_incidents_are_checked_and_each_gets_one_line(
    audited: TimelineStore, config: Path, burglar: Intruder
) -> None:
    ids = [await audited.claim(IncidentIdentity(name, "leader-election")) for name in "abcd"]
    assert [id_[:6] for id_ in ids] == ["inc-1-", "inc-2-", "inc-3-", "inc-4-"]
    for incident_id in ids[:3]:
        await written(audited, *STORY, incident_id=incident_id)
    entries = await burglar.read(ids[0])
    entries[1][b"event"] += b" "
    entries[4][b"event"] += b" "
    await burglar.write(entries, incident_id=ids[0])
    await audited.release(IncidentIdentity("c", "leader-election"), ids[2])
    await burglar.redis.delete(f"{burglar.prefix}:timeline:{ids[2]}")
    await burglar.redis.hdel(f"{burglar.prefix}:ends", ids[2])

    code, out, err = await run("audit", "verify", "--all", "--config", str(config))
    assert (code, err) == (1, "")
    why = "is not what the bot wrote there, or was signed with a key that is not configured"
    changed, whole, gone, claimed = out.splitlines()
    assert changed == f"{ids[0]}: 5 events, event 2 {why}; event 5 {why}."
    assert whole == f"{ids[1]}: 5 events, sound."
    # What an agent kept of another test's inc-3 may follow.
    assert gone.startswith("inc-3: 0 events, its number was given out, and nothing of it is left")
    assert claimed == f"{ids[3]}: 0 events, nothing to check."


async def test_an_event_that_only_a_newer_version_knows_is_said(
    audited: TimelineStore, config: Path, burglar: Intruder
) -> None:
    known = await written(audited, opened())
    event = b'{"kind":"from_the_future"}'
    end = Chain.of(load_settings(config).agents).extend(ID, End(1, known.mac), event)
    await burglar.add({b"event": event, b"mac": end.mac.encode()}, "0-2")
    await burglar.note_end(end)
    code, out, _ = await run("audit", "verify", ID, "--config", str(config))
    assert (code, out) == (1, f"{ID}: 2 events, event 2 is of a kind that this version cannot read.\n")


@pytest.mark.parametrize("arguments", [(), (ID, "--all")], ids=["neither", "both"])
async def test_what_to_verify_must_be_said(arguments: tuple[str, ...], config: Path) -> None:
    code, out, err = await run("audit", "verify", *arguments, "--config", str(config))
    assert (code, out, err) == (2, "", "neumann-bot: Name one incident, or give --all.\n")


async def test_an_incident_that_nobody_had_is_one_sentence(config: Path) -> None:
    code, out, err = await run("audit", "verify", "inc-404", "--config", str(config))
    assert (code, out, err) == (2, "", "neumann-bot: There is no incident inc-404.\n")


async def test_an_export_has_the_events_as_they_are_stored_genuine_or_not(
    audited: TimelineStore, config: Path, burglar: Intruder
) -> None:
    await written(audited, *STORY)
    await burglar.add({b"event": b"no JSON\n[", b"mac": b"made up"}, "0-6")
    code, out, err = await run("incidents", "export", ID, "--config", str(config))
    assert (code, err) == (0, "")
    *lines, last = map(json.loads, out.splitlines())
    assert [line["position"] for line in lines] == [1, 2, 3, 4, 5]
    assert tuple(EVENT.validate_python(line["event"], strict=False) for line in lines) == STORY
    assert last == {"incident": ID, "position": 6, "mac": "made up", "event": "no JSON\n["}
    stored = await burglar.read()
    assert all(entry[b"event"].decode() in out for entry in stored[:5]), "byte for byte: the MAC is over them"


async def test_replay_judges_no_evidence_that_was_changed(
    audited: TimelineStore, config: Path, burglar: Intruder
) -> None:
    await written(audited, *STORY)
    await changed(burglar, await burglar.read())
    code, out, err = await run("replay", ID, "--config", str(config))
    assert (code, out) == (2, "")
    assert "event 2 is not what the bot wrote there" in err


async def test_what_was_tampered_with_is_set_aside_and_the_next_alert_opens_a_new_incident(
    audited: TimelineStore, config: Path, burglar: Intruder
) -> None:
    identity = IncidentIdentity("demo", "leader-election")
    touched = await audited.claim(identity)
    await written(audited, *STORY, incident_id=touched)
    await burglar.redis.hset(f"{burglar.prefix}:run-slots", "demo", touched)
    code, _, err = await run("audit", "set-aside", touched, "--config", str(config))
    assert (code, err) == (
        2,
        f"neumann-bot: The timeline of {touched} is not tampered with; the bot goes on with it.\n",
    )
    assert await audited.claim(identity) == touched

    entries = await burglar.read(touched)
    entries[1][b"event"] += b" "
    await burglar.write(entries, incident_id=touched)
    code, out, err = await run("audit", "set-aside", touched, "--config", str(config))
    assert (code, err) == (0, "")
    assert out == f"{touched} is set aside and still stored; the next alert opens a new incident.\n"
    assert (await audited.claim(identity)).startswith("inc-2-")
    assert await burglar.redis.hget(f"{burglar.prefix}:run-slots", "demo") is None
    assert len(await burglar.read(touched)) == len(STORY)
