"""A postmortem draft: what happened, in order, by whom, and nothing that others' words could break."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from handlers import advance, triage
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Remarked
from handlers.domain.history.likeness import PRECEDENT
from handlers.domain.postmortem import draft as postmortem
from tests.bot import incidents
from tests.builders import ALICE, BOB, NOON, alert, diagnosed, opened
from tests.handlers.story import confirmed, diagnosed_world
from tests.handlers.world import HOME, World

ID = "inc-1"
PARTS = [
    "How long it took",
    "Impact",
    "Causes",
    "Actions",
    "Tried and refused",
    "Timeline (UTC)",
    "Follow-ups",
    "Evidence",
    "To be written",
]


def draft(world: World) -> str:
    return postmortem.markdown(ID, world.timelines.events[ID])


def part(text: str, title: str) -> str:
    """One part of the draft, without its heading."""
    return text.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0].strip()


async def mended() -> World:
    """A quorum that was lost: acknowledged, mended in half a minute, verified, closed."""
    world = await diagnosed_world()
    world.time.pass_s(20)
    await triage.acknowledge(world.ports, ID, BOB)
    await confirmed(world)
    for _ in range(12):
        await advance.advance(world.ports, ID)
        world.time.pass_s(1)
    world.timelines.events[ID].append(
        opened(alert(status="resolved", minute=1)).model_copy(update={"at": world.time.now()})
    )
    await advance.advance(world.ports, ID)
    return world


async def test_it_begins_with_what_it_was_about_and_how_it_ended() -> None:
    text = draft(await mended())
    assert text.startswith("# inc-1: NoLeader on demo\n")
    assert "Cannot elect: node2 and node3 stopped." in text
    assert "node1 leads term 8, and no alert fires any more." in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS


async def test_it_says_what_resolved_it_how_grave_it_was_and_who_had_it() -> None:
    head = draft(await mended()).split("\n## ", maxsplit=1)[0]
    assert head.strip().splitlines()[-4:] == [
        "- Status: draft, closed",
        "- Severity: critical",
        "- Who had it: bob",
        "- Resolution: the bot's run, confirmed by a person; the recovery was verified after it",
    ]
    unread = postmortem.markdown(ID, [opened(alert("DiskFull"), runbook="alert:DiskFull")])
    assert "- Who had it: nobody yet\n- Resolution: none yet\n" in unread


async def test_what_no_timeline_knows_is_left_to_people_and_where_the_evidence_is_is_said() -> None:
    text = draft(await mended())
    assert part(text, "To be written").splitlines() == [f"- {what}:" for what in postmortem.TO_BE_WRITTEN]
    assert "`neumann-bot incidents export inc-1`" in part(text, "Evidence")


async def test_what_came_back_is_to_be_kept_away_this_time() -> None:
    said = Remarked(at=NOON, key=PRECEDENT, sentence="Like inc-0 of 3 March: the same cause.")
    ups = part(postmortem.markdown(ID, [opened(), said]), "Follow-ups").splitlines()
    assert ups[0] == (
        "- [ ] prevent: find out why it came back. Like inc-0 of 3 March: the same cause. (owner: nobody yet)"
    )


async def test_it_says_how_long_each_part_took() -> None:
    rows = part(draft(await mended()), "How long it took").splitlines()
    assert rows[0] == "Opened 2026-11-24 12:00:00 UTC."
    assert rows[2:] == [
        "- to detect (from the alert's start): 0 s",
        "- to acknowledge: 20 s",
        "- to diagnose: 0 s",
        "- to mend (a verified leader): 30 s",
        "- to close: 32 s",
    ]


async def test_what_has_not_come_yet_is_not_yet() -> None:
    world = await diagnosed_world()
    rows = part(draft(world), "How long it took")
    assert "- to acknowledge: not yet" in rows
    assert "- to close: not yet" in rows
    assert "It is open." in draft(world)
    assert part(draft(world), "Actions") == "None by the bot."


def test_an_incident_that_was_never_read_is_said_not_to_have_been() -> None:
    text = postmortem.markdown(ID, [opened(alert("DiskFull"), runbook="alert:DiskFull")])
    assert "It was never diagnosed." in text
    assert part(text, "Causes") == ""


async def test_a_long_time_is_told_in_hours() -> None:
    assert postmortem.took(NOON, NOON + timedelta(hours=26, minutes=5, seconds=9)) == "26 h 05 min"
    assert postmortem.took(NOON, NOON + timedelta(minutes=59, seconds=59)) == "59 min 59 s"
    assert postmortem.took(NOON, NOON - timedelta(seconds=3)) == "0 s", "a clock that was set back"


async def test_each_cause_has_its_verdict_and_what_spoke_for_and_against_it() -> None:
    causes = part(draft(await mended()), "Causes")
    assert causes.startswith("- **quorum_loss** (node2, node3): confirmed\n  - ")
    assert "\n  - against: " in causes, "what was ruled out says why"


async def test_a_reading_that_would_have_decided_is_named() -> None:
    text = postmortem.markdown(ID, [opened(), *diagnosed(incidents.blind())])
    assert "\n  - would decide: " in part(text, "Causes")


async def test_each_action_says_on_which_node_it_was_what_came_of_it_and_who_wanted_it() -> None:
    assert part(draft(await mended()), "Actions").splitlines() == [
        "- **Start the stopped nodes on node2 and node3**, confirmed by alice",
        "  - node2 `start_service`: done: Done.",
        "  - node3 `start_service`: done: Done.",
        "  - Every action is done.",
    ]


async def test_a_run_that_stopped_says_where_and_what_was_not_begun() -> None:
    world = await diagnosed_world()
    world.agents.refuses["node2"] = "The service is already running."
    await confirmed(world)
    await advance.advance(world.ports, ID)
    lines = part(draft(world), "Actions").splitlines()
    assert lines[1:3] == [
        "  - node2 `start_service`: rejected: The service is already running.",
        "  - node3 `start_service`: not begun",
    ]
    assert "1 further action was not begun." in lines[3]


def test_who_approved_is_named_beside_who_confirmed() -> None:
    text = postmortem.markdown("inc-7", incidents.approved_by_two(incidents.quorum_loss()))
    assert "confirmed by alice, approved by bob" in part(text, "Actions")


async def test_the_timeline_has_a_line_for_each_event_in_order() -> None:
    world = await mended()
    events = world.timelines.events[ID]
    lines = [line for line in part(draft(world), "Timeline (UTC)").splitlines() if line.startswith("- ")]
    assert len(lines) == len(events)
    assert [line[2:10] for line in lines] == [f"{event.at:%H:%M:%S}" for event in events]
    assert lines[0] == "- 12:00:00 Alertmanager: NoLeader firing (opened)"
    assert "- 12:00:20 bob has it" in lines
    assert lines[-1].endswith("node1 leads term 8, and no alert fires any more.")


async def test_each_day_of_a_long_incident_has_its_heading() -> None:
    world = await diagnosed_world()
    world.time.pass_s(13 * 3600)
    await triage.add_note(world.ports, ID, ALICE, "still looking")
    timeline = part(draft(world), "Timeline (UTC)")
    assert re.findall(r"^### (.*)$", timeline, re.MULTILINE) == ["2026-11-24", "2026-11-25"]
    assert timeline.endswith("### 2026-11-25\n\n- 01:00:00 alice noted: still looking")


def test_every_kind_of_event_has_its_line() -> None:
    events = incidents.whole_story()
    text = postmortem.markdown("inc-7", events)
    lines = [line for line in part(text, "Timeline (UTC)").splitlines() if line.startswith("- ")]
    assert len(lines) == len(events)
    assert all(len(line) > len("- 12:00:00 ") + 5 for line in lines)


async def test_the_impact_is_the_time_for_which_readings_showed_no_leader() -> None:
    lines = part(draft(await mended()), "Impact")
    assert lines == "- without a leader: 20 s, by the bot's own readings from the first one on"


def test_an_alert_that_had_fired_for_a_while_says_so() -> None:
    late = opened(alert()).model_copy(update={"at": NOON + timedelta(minutes=2)})
    assert "- to detect (from the alert's start): 2 min 00 s" in postmortem.markdown(ID, [late])


def test_what_was_tried_in_vain_is_listed_and_followed_up() -> None:
    text = postmortem.markdown("inc-7", incidents.whole_story())
    in_vain = part(text, "Tried and refused")
    assert "PagerDuty did not take trigger: PagerDuty at events" in in_vain
    assert "the run ended: Stopped by bob" in in_vain
    ups = part(text, "Follow-ups").splitlines()
    assert any(line.startswith("- [ ] process: mend PagerDuty") for line in ups)
    assert any("and mend that (owner: bob)" in line for line in ups)
    assert ups[-1] == "- [ ] … (owner: )"


async def test_where_nothing_was_in_vain_it_is_said_and_nobody_is_a_follow_up() -> None:
    assert part(draft(await mended()), "Tried and refused") == "Nothing."
    ups = part(postmortem.markdown(ID, [opened()]), "Follow-ups")
    assert "nobody acknowledged it: are the tiers of escalation as they should be?" in ups


HOSTILE = "<!channel> | [x](http://evil) ![](@U0ALICE001) `code`\n# heading *b* _i_"


@pytest.mark.parametrize("where", ["note", "person", "alert", "cluster"])
async def test_what_others_wrote_is_text_and_breaks_nothing(where: str) -> None:
    world = await diagnosed_world()
    by = Person(id="U0EVE00001", name=HOSTILE if where == "person" else "eve", team=HOME)
    await triage.add_note(world.ports, ID, by, HOSTILE if where == "note" else "nothing")
    if where == "alert":
        labels = {"alertname": HOSTILE, "cluster": "demo"}
        world.timelines.events[ID].append(opened(alert().model_copy(update={"labels": labels})))
    if where == "cluster":
        world.timelines.events[ID][0] = opened().model_copy(update={"cluster": HOSTILE})
    text = draft(world)
    assert "channel" in text
    plain = re.sub(r"\\.", "", text)
    for markup in ("<!", "](", "![", "`code`", "_i_", "\n# heading", "| ["):
        assert markup not in plain, markup
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
