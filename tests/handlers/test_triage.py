"""Having an incident: what each thing that people do changes, what it does not, and who may do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from handlers import advance, triage
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Closed, Remarked
from handlers.domain.events.triage import MAX_NOTE_CHARS
from handlers.domain.incident import Incident
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, Refused
from handlers.ports import Ports
from tests.builders import ALICE, BOB, NOON, alert, opened
from tests.handlers.story import confirmed, diagnosed_world
from tests.handlers.world import HOME, World

ID = "inc-1"
DAVE = Person(id="U0DAVE0001", name="dave", team=HOME)
HALF_AN_HOUR = timedelta(minutes=30)

Deed = Callable[[Ports, str, Person], Awaitable[Incident]]
DEEDS: dict[str, Deed] = {
    "acknowledge": triage.acknowledge,
    "assign": lambda ports, incident_id, by: triage.assign(ports, incident_id, by, ALICE),
    "snooze": lambda ports, incident_id, by: triage.snooze(ports, incident_id, by, HALF_AN_HOUR),
    "note": lambda ports, incident_id, by: triage.add_note(ports, incident_id, by, "rack 12 is dark"),
    "read again": triage.read_again,
    "resolve": triage.resolve,
    "reopen": triage.reopen,
}


async def quiet_world() -> World:
    """A diagnosed incident whose alert has resolved: nothing fires, and nobody leads."""
    world = await diagnosed_world()
    world.timelines.events[ID].append(opened(alert(status="resolved", minute=1)))
    return world


async def closed_world() -> World:
    """The same, resolved by hand."""
    world = await quiet_world()
    await triage.resolve(world.ports, ID, ALICE)
    return world


async def test_who_acknowledges_has_it_and_the_next_one_takes_it_over() -> None:
    world = await diagnosed_world()
    assert (await triage.acknowledge(world.ports, ID, ALICE)).triage.holder == ALICE
    assert (await triage.acknowledge(world.ports, ID, BOB)).triage.holder == BOB
    assert world.kinds()[-2:] == ["acknowledged", "acknowledged"]


async def test_what_was_acknowledged_is_given_on() -> None:
    world = await diagnosed_world()
    await triage.acknowledge(world.ports, ID, ALICE)
    given = await triage.assign(world.ports, ID, ALICE, BOB)
    assert given.triage.holder == BOB
    assert given.triage.acknowledged
    assert given.triage.acknowledged.by == ALICE, "who was there first stays known, for the report"


async def test_whoever_acknowledges_an_assigned_one_has_it() -> None:
    world = await diagnosed_world()
    await triage.assign(world.ports, ID, ALICE, BOB)
    assert (await triage.acknowledge(world.ports, ID, ALICE)).triage.holder == ALICE


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"is_guest": True}, "A guest may not act"),
        ({"is_bot": True}, "A bot may not"),
        ({"is_deactivated": True}, "A deactivated account"),
        ({"team": "T0STRANGER"}, "Only people of this workspace"),
    ],
)
async def test_it_is_not_given_to_who_may_not_have_it(facts: dict[str, object], why: str) -> None:
    world = await diagnosed_world()
    member = {"id": DAVE.id, "team": HOME, "home_team": HOME, "groups": frozenset(), **facts}
    world.directory.members[DAVE.id] = Member(**member)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match=f"dave cannot have it. {why}"):
        await triage.assign(world.ports, ID, ALICE, DAVE)
    assert "assigned" not in world.kinds()


async def test_it_is_put_off_until_a_time_and_put_off_again_from_now() -> None:
    world = await diagnosed_world()
    first = await triage.snooze(world.ports, ID, ALICE, HALF_AN_HOUR)
    assert first.triage.snoozed_until == NOON + HALF_AN_HOUR
    world.time.pass_s(600)
    again = await triage.snooze(world.ports, ID, ALICE, timedelta(minutes=5))
    assert again.triage.snoozed_until == NOON + timedelta(minutes=15), (
        "the last word counts, also a shorter one"
    )


@pytest.mark.parametrize("span", [timedelta(), timedelta(minutes=-1), timedelta(hours=24, seconds=1)])
async def test_it_is_not_put_off_for_no_time_nor_for_more_than_a_day(span: timedelta) -> None:
    world = await diagnosed_world()
    with pytest.raises(Refused, match="up to 24 hours"):
        await triage.snooze(world.ports, ID, ALICE, span)
    assert "snoozed" not in world.kinds()


async def test_a_day_is_as_long_as_it_may_be_put_off() -> None:
    world = await diagnosed_world()
    assert (await triage.snooze(world.ports, ID, ALICE, triage.MAX_SNOOZE)).triage.snoozed_until


async def test_a_snoozed_incident_is_watched_all_the_same() -> None:
    world = await diagnosed_world()
    await triage.snooze(world.ports, ID, ALICE, HALF_AN_HOUR)
    world.cluster.leader = "node1"
    for _ in range(12):
        await advance.advance(world.ports, ID)
        world.time.pass_s(1)
    assert world.kinds()[-2:] == ["leader_seen", "leader_verified"]


async def test_a_note_is_kept_as_it_was_written_with_the_way_to_where_it_was_said() -> None:
    world = await diagnosed_world()
    noted = await triage.add_note(world.ports, ID, BOB, "  rack 12 is dark <!channel>\n", "https://slack/p1")
    (written,) = noted.triage.written
    assert (written.by, written.text, written.link) == (BOB, "rack 12 is dark <!channel>", "https://slack/p1")


async def test_the_same_message_is_noted_once_whoever_pins_it() -> None:
    world = await diagnosed_world()
    for who in (ALICE, BOB):
        await triage.add_note(world.ports, ID, who, "rack 12 is dark", "https://slack/p1")
    assert world.kinds().count("note_added") == 1
    for _ in range(2):
        await triage.add_note(world.ports, ID, ALICE, "rack 12 is dark")
    assert world.kinds().count("note_added") == 3, "what has no link may be said twice"


@pytest.mark.parametrize("text", ["", " \n\t "])
async def test_a_note_of_nothing_is_none(text: str) -> None:
    world = await diagnosed_world()
    with pytest.raises(Refused, match="There is nothing to note"):
        await triage.add_note(world.ports, ID, ALICE, text)
    assert "note_added" not in world.kinds()


async def test_a_long_note_is_cut_where_the_timeline_ends_it() -> None:
    world = await diagnosed_world()
    (exact, long) = ("x" * MAX_NOTE_CHARS, "x" * (MAX_NOTE_CHARS + 1))
    await triage.add_note(world.ports, ID, ALICE, exact)
    noted = await triage.add_note(world.ports, ID, ALICE, long)
    assert [each.text for each in noted.triage.written] == [exact, "x" * (MAX_NOTE_CHARS - 1) + "…"]


async def test_it_is_resolved_by_hand_once_nothing_fires_though_nobody_leads() -> None:
    world = await quiet_world()
    closed = await triage.resolve(world.ports, ID, BOB)
    assert closed.closed == Closed(at=NOON, detail="Resolved by bob.", by=BOB)
    assert world.timelines.open == {}, "the next alert opens a new incident"
    assert world.timelines.released == {"demo/leader-election": ID}
    await advance.advance(world.ports, ID)
    assert world.kinds()[-1] == "closed"


async def test_what_still_fires_is_not_resolved_by_hand() -> None:
    world = await diagnosed_world()
    world.timelines.events[ID].append(opened(alert("ElectionStorm")))
    with pytest.raises(Refused, match="ElectionStorm, NoLeader still fires; snooze the incident, or silence"):
        await triage.resolve(world.ports, ID, ALICE)
    assert world.timelines.open == {"demo/leader-election": ID}


async def test_what_is_being_mended_is_not_resolved_by_hand() -> None:
    world = await quiet_world()
    assert (await confirmed(world)).running
    with pytest.raises(Refused, match="A plan is running; stop it first"):
        await triage.resolve(world.ports, ID, ALICE)
    assert "closed" not in world.kinds()


async def test_a_closed_incident_is_taken_up_again_and_watched_again() -> None:
    world = await closed_world()
    again = await triage.reopen(world.ports, ID, BOB)
    assert again.closed is None
    assert again.closings == 1
    assert world.timelines.open == {"demo/leader-election": ID}
    world.time.pass_s(61)
    await advance.advance(world.ports, ID)
    assert world.kinds()[-3:] == ["reopened", "evidence_read", "findings_ranked"]


async def test_one_that_is_open_is_not_opened_again() -> None:
    world = await diagnosed_world()
    with pytest.raises(Refused, match="inc-1 is open"):
        await triage.reopen(world.ports, ID, ALICE)


async def test_one_in_whose_place_a_newer_one_stands_is_not_opened_again() -> None:
    world = await closed_world()
    world.timelines.open["demo/leader-election"] = "inc-2"
    with pytest.raises(Refused, match="inc-2 is open for demo already; add a note there"):
        await triage.reopen(world.ports, ID, ALICE)
    assert world.timelines.open == {"demo/leader-election": "inc-2"}
    assert world.kinds()[-1] == "closed"


@pytest.mark.parametrize("name", ["acknowledge", "assign", "snooze", "read again", "resolve"])
async def test_a_closed_incident_takes_none_of_it(name: str) -> None:
    world = await closed_world()
    before = world.kinds()
    with pytest.raises(Refused, match="inc-1 is closed; reopen it first"):
        await DEEDS[name](world.ports, ID, ALICE)
    assert world.kinds() == before


async def test_a_closed_incident_takes_notes() -> None:
    world = await closed_world()
    assert (await DEEDS["note"](world.ports, ID, BOB)).triage.written
    assert world.kinds()[-1] == "note_added"


@pytest.mark.parametrize("name", DEEDS)
async def test_of_an_incident_that_never_was_nothing_is_written(name: str) -> None:
    world = await diagnosed_world()
    with pytest.raises(Refused, match="There is no incident inc-9; `/neumann incident list` shows"):
        await DEEDS[name](world.ports, "inc-9", ALICE)
    assert "inc-9" not in world.timelines.events


@pytest.mark.parametrize("name", DEEDS)
async def test_a_guest_may_do_none_of_it(name: str) -> None:
    world = await (closed_world() if name == "reopen" else quiet_world())
    world.directory.members[DAVE.id] = Member(DAVE.id, HOME, HOME, frozenset(), is_guest=True)
    before = world.kinds()
    with pytest.raises(NotAllowed, match="A guest may not act on a cluster"):
        await DEEDS[name](world.ports, ID, DAVE)
    assert world.kinds() == before


@pytest.mark.parametrize("name", DEEDS)
async def test_while_slack_does_not_say_who_asks_nobody_may(name: str) -> None:
    world = await (closed_world() if name == "reopen" else quiet_world())
    world.directory.answers = False
    before = world.kinds()
    with pytest.raises(NotAllowed, match="Slack does not say who you are"):
        await DEEDS[name](world.ports, ID, ALICE)
    assert world.kinds() == before


@pytest.mark.parametrize("name", DEEDS)
async def test_what_comes_in_between_costs_nobody_their_word(name: str) -> None:
    """Two append at once: the one who loses looks again and says it then."""
    world = await (closed_world() if name == "reopen" else quiet_world())
    world.time.pass_s(15)
    between = Remarked(at=NOON, key="x", sentence="something else happened")
    world.timelines.before_append.append((ID, between))
    await DEEDS[name](world.ports, ID, ALICE)
    assert world.kinds()[-2] == "noted"
    assert world.kinds()[-1] != "noted"


async def test_of_two_who_resolve_at_once_one_is_told_that_it_is_closed() -> None:
    world = await quiet_world()
    world.timelines.before_append.append((ID, Closed(at=NOON, detail="Resolved by bob.", by=BOB)))
    with pytest.raises(Refused, match="inc-1 is closed"):
        await triage.resolve(world.ports, ID, ALICE)
    assert world.kinds().count("closed") == 1


async def test_an_alert_that_fires_between_the_look_and_the_word_keeps_it_open() -> None:
    world = await quiet_world()
    again = opened(alert("ElectionStorm", minute=2))
    world.timelines.before_append.append((ID, again))
    with pytest.raises(Refused, match="ElectionStorm still fires"):
        await triage.resolve(world.ports, ID, ALICE)
    assert "closed" not in world.kinds()
