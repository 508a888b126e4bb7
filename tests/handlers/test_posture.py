"""What crosses is said once; a mute has an end; the digest comes on its day, whoever crashes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from handlers import commands, judging, posture
from handlers.commands.answers import Asked
from handlers.domain.posture.schedule import Day, DigestSchedule, Watching
from handlers.domain.posture.watch import SETTLED, Standing
from handlers.errors import Refused, StoreDown
from runbooks.clocks import believed_clocks
from runbooks.evidence import Evidence
from runbooks.posture import samples
from runbooks.posture.model import Check, Severity
from tests.builders import ALICE, NOON, alert, dead, evidence, healthy, opened
from tests.handlers.world import World

EVERY = timedelta(minutes=15)
HOW = Watching(EVERY)


def short_of_one() -> Evidence:
    return evidence(*healthy()[:2], dead("node3"))


async def look(world: World, shows: Evidence | None = None, times: int = 1, how: Watching = HOW) -> None:
    """A quarter of an hour passes, and a worker looks; again and again."""
    for _ in range(times):
        world.time.pass_s(EVERY.total_seconds())
        cluster = shows or evidence()
        world.cluster.shows = cluster.model_copy(update={"started_at": world.time.now()})
        await posture.watch(world.ports, how)


def told(world: World) -> list[str]:
    return [checks for _, _, checks in world.postures.said]


class TestCrossing:
    async def test_a_warning_is_told_at_the_second_look_and_never_again_while_it_lasts(self) -> None:
        world = World()
        await look(world, times=3)
        assert told(world) == []
        await look(world, short_of_one())
        assert told(world) == [], "a node that restarts is short of one for a moment"
        await look(world, short_of_one(), times=20)
        assert told(world) == ["spare-nodes"]

    async def test_what_is_critical_is_told_at_once(self) -> None:
        world = World()
        await look(world, evidence(healthy()[0], dead("node2"), dead("node3")))
        assert told(world) == ["spare-nodes"]

    async def test_a_line_that_wavers_is_told_once_and_one_that_settled_is_told_anew(self) -> None:
        world = World()
        for _ in range(5):
            await look(world, short_of_one(), times=2)
            await look(world, times=2)
        assert told(world) == ["spare-nodes"]
        await look(world, times=int(SETTLED / EVERY) + 1)
        await look(world, short_of_one(), times=2)
        assert told(world) == ["spare-nodes", "spare-nodes"]

    async def test_while_an_incident_is_open_its_thread_tells_enough(self) -> None:
        world = World()
        world.timelines.events["inc-1"] = [opened(alert())]
        world.timelines.open["demo/leader-election"] = "inc-1"
        await look(world, short_of_one(), times=3)
        assert told(world) == []
        del world.timelines.open["demo/leader-election"]
        await look(world, short_of_one())
        assert told(world) == ["spare-nodes"]

    async def test_slack_is_away_and_it_is_told_at_the_next_look(self) -> None:
        world = World()
        world.postures.refuses = True
        await look(world, short_of_one(), times=3)
        assert told(world) == []
        world.postures.refuses = False
        await look(world, short_of_one(), times=3)
        assert told(world) == ["spare-nodes"]

    async def test_a_process_dies_between_slack_and_its_note_and_it_stands_there_once(self) -> None:
        world = World()
        await look(world, short_of_one())
        remember = world.postures.remember

        async def die_after_the_post(cluster: str, standing: Standing) -> None:
            if world.postures.said:
                raise StoreDown
            await remember(cluster, standing)

        world.postures.remember = die_after_the_post  # type: ignore[method-assign]
        with pytest.raises(StoreDown):
            await look(world, short_of_one())
        world.postures.remember = remember  # type: ignore[method-assign]
        await look(world, short_of_one(), times=3)
        assert told(world) == ["spare-nodes"]


class TestLooking:
    async def test_a_cluster_that_cannot_be_looked_at_holds_up_no_other(self) -> None:
        world = World()
        world.cluster.clusters = ("broken", "demo")
        read = world.cluster.read

        async def read_all_but_one(cluster: str) -> Evidence:
            if cluster == "broken":
                raise RuntimeError("a defect")
            return await read(cluster)

        world.cluster.read = read_all_but_one  # type: ignore[method-assign]
        (failure,) = await posture.watch(world.ports, HOW)
        assert str(failure) == "a defect"
        assert list(world.postures.kept) == ["demo"]

    async def test_replicas_that_mark_it_again_take_no_second_sample(self) -> None:
        world = World()
        await look(world)
        await posture.watch(world.ports, HOW)
        assert len(world.postures.kept["demo"]) == 1

    async def test_a_clock_that_was_set_back_does_not_end_the_looking(self) -> None:
        world = World()
        await look(world)
        world.time.pass_s(-7200)
        await look(world)
        assert len(world.postures.kept["demo"]) == 2

    async def test_to_read_is_to_keep_nothing_and_says_since_when_a_line_holds(self) -> None:
        world = World()
        await look(world, short_of_one(), times=4)
        read = await posture.read(world.ports, "demo")
        line = read.line(Check.SPARE_NODES)
        assert line
        assert (line.severity, line.since) == (Severity.WARNING, NOON + EVERY)
        assert len(world.postures.kept["demo"]) == 4


class TestMute:
    async def test_a_muted_line_is_shown_with_its_mute_and_told_when_that_ends(self) -> None:
        world = World()
        await mute(world, "spare-nodes 2h")
        await look(world, short_of_one(), times=4)
        line = (await posture.read(world.ports, "demo")).line(Check.SPARE_NODES)
        assert line
        assert line.muted_by == ALICE.name
        assert told(world) == []
        await look(world, short_of_one(), times=8)
        assert told(world) == ["spare-nodes"]

    async def test_a_line_that_was_told_before_its_mute_is_told_again_when_that_ends(self) -> None:
        world = World()
        await look(world, short_of_one(), times=3)
        assert told(world) == ["spare-nodes"]
        await mute(world, "spare-nodes 2h")
        await look(world, short_of_one(), times=6)
        assert told(world) == ["spare-nodes"]
        await look(world, short_of_one(), times=8)
        assert told(world) == ["spare-nodes", "spare-nodes"]

    async def test_one_that_is_well_when_its_mute_ends_is_not(self) -> None:
        world = World()
        await look(world, short_of_one(), times=3)
        await mute(world, "spare-nodes 2h")
        await look(world, times=20)
        assert told(world) == ["spare-nodes"]


class TestASpanThatIsNone:
    """What cannot be a span is said to be that, and never taken for a cluster or for another number."""

    @pytest.mark.parametrize("span", ["٣d", "7x", "-1d", "1.5h", "d", "soon", "99999d"])
    async def test_it_is_named_with_what_would_have_been_right(self, span: str) -> None:
        world = World()
        with pytest.raises(Refused, match=f"For how long\\? '{span}' is no number of m, h or d, such as 30m"):
            await mute(world, f"disk {span}")
        with pytest.raises(Refused, match="For how long"):
            await mute(world, f"disk demo {span}")

    @pytest.mark.parametrize("span", ["0d", "91d"])
    async def test_the_limits_are_said(self, span: str) -> None:
        with pytest.raises(Refused, match=f"one minute to 90 days, and not for {span}"):
            await mute(World(), f"disk {span}")

    async def test_a_blank_before_the_unit_is_taken(self) -> None:
        world = World()
        await mute(world, "spare-nodes demo 2 h")
        await look(world, short_of_one(), times=2)
        line = (await posture.read(world.ports, "demo")).line(Check.SPARE_NODES)
        assert line
        assert line.muted_by == ALICE.name

    @pytest.mark.parametrize("words", ["disk", "disk demo"])
    async def test_what_is_left_out_is_asked_for(self, words: str) -> None:
        with pytest.raises(Refused, match=r"Until when\? .* disk 7d"):
            await mute(World(), words)


class TestAJudgementThatRaises:
    """Odd evidence gives the same error at each look: it is told, logged once, and nothing dies of it."""

    @pytest.fixture(autouse=True)
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def odd(_: Evidence) -> float:
            raise KeyError("a word that nobody knows")

        monkeypatch.setattr(samples, "believed_clocks", odd)
        monkeypatch.setattr(judging, "_logged", {})

    async def test_the_answer_says_that_it_is_not_known(self) -> None:
        read = await posture.read(World().ports, "demo")
        assert {line.check for line in read.of(Severity.UNKNOWN)} == set(Check)
        assert {line.fact for line in read.lines} == {
            "Undetermined: the posture failed (KeyError). This is a defect of the bot, and says nothing about"
            " the cluster; the bot's log has the place."
        }

    async def test_the_watch_goes_on_keeps_no_sample_and_looks_again_at_its_hour(self) -> None:
        world = World()
        with capture_logs() as logs:
            await look(world, times=3)
        assert [each["judgement"] for each in logs if each["event"] == "judgement_failed"] in (
            [],
            ["posture"],
        )
        assert world.postures.kept.get("demo", []) == []
        standing = await world.postures.standing("demo")
        assert standing.posture
        assert standing.posture.at == world.time.now()
        assert await posture.watch(world.ports, HOW) == ()
        assert told(world) == []

    async def test_what_was_told_before_stays_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world = World()
        with monkeypatch.context() as working:
            working.setattr(samples, "believed_clocks", believed_clocks)
            await look(world, short_of_one(), times=3)
        await look(world, short_of_one(), times=40)
        with monkeypatch.context() as working:
            working.setattr(samples, "believed_clocks", believed_clocks)
            await look(world, short_of_one(), times=3)
        assert told(world) == ["spare-nodes"]


async def mute(world: World, words: str) -> None:
    await commands.answer(world.ports, f"posture mute {words}", Asked(ALICE))


def schedule(day: Day = "mon", hour: int = 9, zone: str = "Europe/Berlin") -> DigestSchedule:
    return DigestSchedule(day, hour, ZoneInfo(zone))


class TestDigest:
    @pytest.mark.parametrize(
        ("day", "zone", "now", "due"),
        [
            ("mon", "Europe/Berlin", "2026-11-30 07:59", None),
            ("mon", "Europe/Berlin", "2026-11-30 08:00", "2026-11-30 08:00"),
            ("mon", "Europe/Berlin", "2026-11-30 19:59", "2026-11-30 08:00"),
            ("mon", "Europe/Berlin", "2026-11-30 20:00", None),
            ("mon", "Asia/Tokyo", "2026-11-30 00:30", "2026-11-30 00:00"),
            ("daily", "UTC", "2026-12-01 10:00", "2026-12-01 09:00"),
            # The clocks went forward at 02:00 on this Sunday: 09:00 there is 07:00 UTC.
            ("sun", "Europe/Berlin", "2026-03-29 07:00", "2026-03-29 07:00"),
        ],
    )
    def test_it_is_due_at_its_hour_there_and_no_more_than_half_a_day_late(
        self, day: Day, zone: str, now: str, due: str | None
    ) -> None:
        at = schedule(day, zone=zone).due(datetime.fromisoformat(now).replace(tzinfo=UTC))
        assert (at.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if at else None) == due

    async def test_it_is_posted_once_a_week(self) -> None:
        world, how = World(), Watching(EVERY, schedule("tue", 13, "UTC"))
        for _ in range(8 * 12):
            world.time.pass_s(2 * 3600 - EVERY.total_seconds())
            await look(world, how=how)
        assert [key for _, key, _ in world.postures.said] == ["digest-2026-11-24", "digest-2026-12-01"]
