"""`/neumann …`: what works, what it changes, and what is said where it does not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from handlers import commands, triage
from handlers.commands import election
from handlers.commands.answers import (
    Answer,
    Asked,
    ElectionStatus,
    Help,
    History,
    IncidentList,
    IncidentShown,
    PostmortemAnswer,
    Runbooks,
    Said,
    Watch,
)
from handlers.domain.events.base import Person
from handlers.domain.policy import Member
from handlers.errors import NotAllowed, Refused, SilenceFailed
from tests.builders import ALICE, BOB, NOON, alert, opened
from tests.handlers.story import diagnosed_world, quorum_lost
from tests.handlers.world import HOME, World

ID = "inc-1"


async def ask(world: World, text: str, by: Person = ALICE, *, in_thread_of: str | None = None) -> Answer:
    """What `/neumann text` answers, or the bot's name in a thread."""
    return await commands.answer(world.ports, text, Asked(by, in_thread_of=in_thread_of))


async def says(world: World, text: str, by: Person = ALICE, *, in_thread_of: str | None = None) -> str:
    """The sentence that it answers with."""
    answer = await ask(world, text, by, in_thread_of=in_thread_of)
    assert isinstance(answer, Said)
    return answer.sentence


async def with_a_second() -> World:
    """Two open incidents of two clusters."""
    world = await diagnosed_world()
    world.cluster.clusters = ("demo", "eu")
    second = opened(alert(cluster="eu")).model_copy(update={"cluster": "eu"})
    world.timelines.events["inc-2"] = [second]
    world.timelines.open["eu/leader-election"] = "inc-2"
    return world


class TestElection:
    """How a cluster is, read live, and how it has been."""

    async def test_status_reads_the_cluster_live(self) -> None:
        world = World()
        answer = await ask(world, "election status demo")
        assert isinstance(answer, ElectionStatus)
        assert answer.diagnosis.leadership.leader == "node1"
        assert world.cluster.reads == 1
        assert not answer.in_full

    async def test_diagnose_is_the_same_in_full(self) -> None:
        world = World()
        world.cluster.shows = quorum_lost()
        answer = await ask(world, "election diagnose")
        assert isinstance(answer, ElectionStatus)
        assert answer.in_full
        assert answer.diagnosis.top.nodes == ("node2", "node3")
        assert world.timelines.events == {}, "to ask is to open nothing"

    async def test_watch_is_a_minute_of_it_and_reads_nothing_yet(self) -> None:
        world = World()
        assert await ask(world, "election watch") == Watch("demo", every_s=15.0, times=4)
        assert world.cluster.reads == 0
        assert election.WATCH_TIMES < 5, "a response URL takes five answers"

    @pytest.mark.parametrize("what", ["status", "diagnose", "watch", "history"])
    async def test_one_cluster_needs_no_name_several_do(self, what: str) -> None:
        world = World()
        assert await ask(world, f"  election   {what} ")
        world.cluster.clusters = ("demo", "eu")
        with pytest.raises(Refused, match=r"Which cluster\? Configured: demo, eu\."):
            await ask(world, f"election {what}")

    @pytest.mark.parametrize("what", ["status", "diagnose", "watch", "history"])
    async def test_another_clusters_name_is_refused_with_the_nearest(self, what: str) -> None:
        with pytest.raises(Refused, match=r"No cluster demmo is configured: demo\. Did you mean demo"):
            await ask(World(), f"election {what} demmo")

    async def test_the_beginning_of_a_name_is_enough_unless_two_begin_so(self) -> None:
        world = World()
        world.cluster.clusters = ("eu-1", "eu-2", "us")
        assert await ask(world, "election watch us") == await ask(world, "election watch u")
        with pytest.raises(Refused, match="No cluster eu is configured: eu-1, eu-2, us"):
            await ask(world, "election watch eu")

    async def test_history_is_this_clusters_last_week_newest_first(self) -> None:
        world = await with_a_second()
        world.timelines.events[ID].append(opened(alert(status="resolved", minute=1)))
        await triage.resolve(world.ports, ID, ALICE)
        later = opened(alert(minute=30)).model_copy(update={"at": NOON + timedelta(minutes=30)})
        world.timelines.events["inc-3"] = [later]
        world.timelines.open["demo/leader-election"] = "inc-3"
        answer = await ask(world, "election history demo")
        assert isinstance(answer, History)
        assert [each.id for each in answer.incidents] == ["inc-3", "inc-1"]
        assert answer.since == NOON - timedelta(days=7)

    async def test_a_cluster_without_incidents_has_an_empty_history(self) -> None:
        answer = await ask(World(), "election history")
        assert isinstance(answer, History)
        assert answer.incidents == ()


class TestWhichIncident:
    """An incident is named, or it is the thread's, or the only one that is open."""

    async def test_the_only_open_one_needs_no_name(self) -> None:
        world = await diagnosed_world()
        answer = await ask(world, "incident show")
        assert isinstance(answer, IncidentShown)
        assert (answer.incident.id, answer.incident.cluster) == (ID, "demo")

    async def test_of_two_one_must_be_named(self) -> None:
        world = await with_a_second()
        with pytest.raises(Refused, match=r"Which incident\? Open: inc-1, inc-2\."):
            await ask(world, "incident ack")
        assert await says(world, "incident ack inc-2") == "You have inc-2."
        assert world.kinds("inc-2")[-1] == "acknowledged"
        assert "acknowledged" not in world.kinds(ID)

    async def test_in_a_thread_its_own_is_meant_unless_another_is_named(self) -> None:
        world = await with_a_second()
        assert await says(world, "incident note it is back", in_thread_of="inc-2") == "Noted in inc-2."
        assert await says(world, "incident note inc-1 it is back", in_thread_of="inc-2") == "Noted in inc-1."
        notes = [(await world.timelines.load(each)).triage.written[0].text for each in (ID, "inc-2")]
        assert notes == ["it is back", "it is back"]

    async def test_where_none_is_open_a_closed_one_must_be_named(self) -> None:
        with pytest.raises(Refused, match="No incident is open; name a closed one by its id, such as inc-7"):
            await ask(World(), "incident show")

    @pytest.mark.parametrize("command", ["incident show", "incident report", "incident ack", "silence"])
    async def test_one_that_never_was_is_said_not_to_be(self, command: str) -> None:
        with pytest.raises(Refused, match="There is no incident inc-99"):
            await ask(await diagnosed_world(), f"{command} inc-99")


class TestIncident:
    """What people do with an incident by typing."""

    async def test_list_is_what_is_open(self) -> None:
        answer = await ask(await with_a_second(), "incident list")
        assert isinstance(answer, IncidentList)
        assert [each.id for each in answer.incidents] == [ID, "inc-2"]

    async def test_a_list_of_nothing_is_one(self) -> None:
        assert await ask(World(), "incident list") == IncidentList(())

    @pytest.mark.parametrize(
        ("words", "who"), [("me", ALICE.id), ("", ALICE.id), ("<@U0BOB00001|bob>", "U0BOB00001")]
    )
    async def test_assign_gives_it_to_me_or_to_who_is_mentioned(self, words: str, who: str) -> None:
        world = await diagnosed_world()
        said = await says(world, f"incident assign inc-1 {words}")
        holder = (await world.timelines.load(ID)).triage.holder
        assert holder
        assert holder.id == who
        assert said == f"{holder.name} has inc-1."

    async def test_assign_takes_no_name_that_slack_has_not_made_a_mention(self) -> None:
        world = await diagnosed_world()
        with pytest.raises(Refused, match=r"To whom\? Write `me` or mention someone, such as @alice"):
            await ask(world, "incident assign bob")
        assert "assigned" not in world.kinds()

    @pytest.mark.parametrize(
        ("words", "minutes"),
        [("", 30), ("45", 45), ("45m", 45), ("45 min", 45), ("2h", 120), ("1d", 1440), ("inc-1 2h", 120)],
    )
    async def test_snooze_takes_minutes_hours_or_a_day(self, words: str, minutes: int) -> None:
        world = await diagnosed_world()
        until = NOON + timedelta(minutes=minutes)
        assert await says(world, f"incident snooze {words}") == f"inc-1 is snoozed until {until:%H:%M} UTC."
        assert (await world.timelines.load(ID)).triage.snoozed_until == until

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            ("soon", r"For how long\? 'soon' is no number of m, h or d, such as 30m, 2h or 7d"),
            ("-5m", r"For how long\?"),
            ("0m", "up to 24 hours"),
            ("25h", "up to 24 hours"),
            ("99999h", r"For how long\?"),
        ],
    )
    async def test_snooze_refuses_other_spans(self, words: str, why: str) -> None:
        world = await diagnosed_world()
        with pytest.raises(Refused, match=why):
            await ask(world, f"incident snooze {words}")
        assert "snoozed" not in world.kinds()

    async def test_note_keeps_the_words_and_says_so(self) -> None:
        world = await diagnosed_world()
        assert await says(world, "incident note the switch  was replaced") == "Noted in inc-1."
        (written,) = (await world.timelines.load(ID)).triage.written
        assert (written.by, written.text) == (ALICE, "the switch was replaced")
        with pytest.raises(Refused, match="write the note behind the incident's id"):
            await ask(world, "incident note inc-1")

    async def test_resolve_and_reopen_say_what_they_did(self) -> None:
        world = await diagnosed_world()
        with pytest.raises(Refused, match="NoLeader still fires"):
            await ask(world, "incident resolve")
        world.timelines.events[ID].append(opened(alert(status="resolved", minute=1)))
        assert await says(world, "incident resolve") == "inc-1 is resolved."
        assert world.timelines.open == {}
        assert await says(world, "incident reopen inc-1") == "inc-1 is open again."
        assert world.timelines.open == {"demo/leader-election": ID}

    async def test_report_is_a_draft_of_everything_that_happened(self) -> None:
        world = await diagnosed_world()
        await ask(world, "incident note the switch was replaced")
        answer = await ask(world, "incident report", BOB)
        assert isinstance(answer, PostmortemAnswer)
        assert answer.incident.id == ID
        assert "alice noted: the switch was replaced" in answer.markdown
        assert world.kinds()[-1] == "note_added", "a report changes nothing"

    @pytest.mark.parametrize(
        "text",
        [
            "ack",
            "assign me",
            "snooze",
            "note x",
            "resolve",
            "reopen inc-1",
            "show",
            "report",
            "merge inc-1 into inc-1",
            "split NoLeader",
        ],
    )
    async def test_a_guest_changes_nothing_and_sees_what_is_open(self, text: str) -> None:
        world = await diagnosed_world()
        world.directory.members[BOB.id] = Member(BOB.id, HOME, HOME, frozenset(), is_guest=True)
        before = world.kinds()
        with pytest.raises(NotAllowed, match="A guest may not act"):
            await ask(world, f"incident {text}", BOB)
        assert world.kinds() == before
        with pytest.raises(NotAllowed):
            await ask(world, "election diagnose", BOB)
        assert isinstance(await ask(world, "incident list", BOB), IncidentList)


class TestSilence:
    """An incident's alerts are silenced in Alertmanager, by who may confirm."""

    async def test_its_alerts_are_silent_for_half_an_hour_and_the_timeline_says_by_whom(self) -> None:
        world = await diagnosed_world()
        assert await says(world, "silence") == "The alerts of inc-1 are silent until 12:30 UTC."
        assert world.silences.active == {"silence-1": NOON + timedelta(minutes=30)}
        (written,) = (await world.timelines.load(ID)).triage.written
        assert (written.by, written.text) == (ALICE, "silenced its alerts until 12:30 UTC (silence-1)")

    @pytest.mark.parametrize(("words", "hours"), [("2h", 2), ("inc-1 8h", 8)])
    async def test_for_as_long_as_was_asked_up_to_eight_hours(self, words: str, hours: int) -> None:
        world = await diagnosed_world()
        await ask(world, f"silence {words}")
        assert world.silences.active == {"silence-1": NOON + timedelta(hours=hours)}

    @pytest.mark.parametrize(
        ("words", "why"),
        [("9h", "up to 8 hours"), ("0", "up to 8 hours"), ("for ever", r"For how long\?")],
    )
    async def test_not_for_longer(self, words: str, why: str) -> None:
        world = await diagnosed_world()
        with pytest.raises(Refused, match=why):
            await ask(world, f"silence {words}")
        assert world.silences.active == {}

    async def test_only_the_on_call_group_may(self) -> None:
        world = await diagnosed_world()
        with pytest.raises(NotAllowed, match="Only the on-call group of this cluster may silence"):
            await ask(world, "silence", BOB)
        assert world.silences.active == {}

    async def test_where_nothing_fires_there_is_nothing_to_silence(self) -> None:
        world = await diagnosed_world()
        world.timelines.events[ID].append(opened(alert(status="resolved", minute=1)))
        with pytest.raises(Refused, match="No alert of inc-1 fires"):
            await ask(world, "silence")

    async def test_an_alertmanager_that_refuses_is_quoted_and_nothing_is_noted(self) -> None:
        world = await diagnosed_world()
        world.silences.refuses = "Alertmanager does not answer."
        with pytest.raises(SilenceFailed, match="Alertmanager does not answer"):
            await ask(world, "silence")
        assert "note_added" not in world.kinds()

    async def test_without_alertmanager_it_says_what_is_missing(self) -> None:
        world = await diagnosed_world()
        world.silences = None  # type: ignore[assignment]
        with pytest.raises(Refused, match=r"No Alertmanager is configured \(\[alertmanager\]\)"):
            await ask(world, "silence")


class TestHelp:
    """What there is, for whoever asks; and the nearest where something is mistyped."""

    @pytest.mark.parametrize("text", ["help", ""])
    async def test_who_may_confirm_sees_every_command_and_cluster(self, text: str) -> None:
        answer = await ask(World(), text)
        assert isinstance(answer, Help)
        assert answer.commands == commands.COMMANDS
        assert answer.clusters == ("demo",)

    def test_what_is_to_be_filled_in_is_marked(self) -> None:
        typed_as_it_is = {"me", "into"}
        for command in commands.COMMANDS:
            for word in re.split(r"[\s|]+", re.sub(r"<[^<>]+>", "", command.arguments)):
                assert word.strip("[]") in typed_as_it_is | {""}, command.words

    async def test_each_sees_what_they_may_use(self) -> None:
        world = World()
        dave = Person(id="U0DAVE0001", name="dave", team=HOME)
        world.directory.members[dave.id] = Member(dave.id, HOME, HOME, frozenset(), is_guest=True)
        seen = {}
        for who in (ALICE, BOB, dave):
            answer = await ask(world, "help", who)
            assert isinstance(answer, Help)
            seen[who.name] = {command.words for command in answer.commands}
        assert seen["alice"] - seen["bob"] == {"silence"}
        assert seen["bob"] - seen["dave"] == {
            f"incident {word}"
            for word in (
                *("ack", "assign", "snooze", "note", "handoff", "tick", "merge", "split"),
                *("resolve", "reopen", "show", "report"),
            )
        } | {"election diagnose", "posture", "posture mute", "posture unmute", "report month"} | {
            "oncall",
            "oncall override",
            "oncall clear",
            "doctor",
        }
        assert "election status" in seen["dave"]

    async def test_while_slack_does_not_answer_what_anyone_may_is_listed(self) -> None:
        world = World()
        world.directory.answers = False
        answer = await ask(world, "help")
        assert isinstance(answer, Help)
        assert {command.audience for command in answer.commands} == {"anyone"}

    async def test_runbooks_lists_each_with_its_page_and_alerts(self) -> None:
        answer = await ask(World(), "runbooks")
        assert isinstance(answer, Runbooks)
        assert [(name, alerts) for name, _, _, alerts in answer.rows] == [
            ("leader-election", ("ElectionStorm", "NoLeader")),
            ("replication-lag", ("HighReplicationLag",)),
            ("split-brain", ("MultipleLeaders",)),
            ("capacity", ("DiskSpaceLow", "HighCPUUsage", "HighMemoryUsage")),
            ("deadlock-resolution", ("HighDeadlockRate",)),
            ("node-recovery", ("NodeCrashLoops", "NodeDown")),
        ]
        assert all(url.startswith("https://") for _, _, url, _ in answer.rows)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("electoin staus", "did you mean `/neumann election status`"),
            ("incident", "there are `incident list`, `incident show`"),
            ("incident acknowlege inc-1", "did you mean `/neumann incident ack`"),
            ("incident sho inc-1", "did you mean `/neumann incident show`"),
            ("election diagnosis", "did you mean `/neumann election diagnose`"),
            ("election stopwatch", "did you mean `/neumann election status`"),
            ("xyzzy", "`/neumann help` lists what there is"),
            ("x" * 500, "`/neumann help` lists what there is"),
        ],
    )
    async def test_what_is_mistyped_gets_the_nearest(self, typed: str, said: str) -> None:
        with pytest.raises(Refused) as refusal:
            await ask(World(), typed)
        assert said in str(refusal.value)
        assert len(str(refusal.value)) < 400
