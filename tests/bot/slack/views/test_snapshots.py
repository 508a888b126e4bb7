"""Whole threads as the on-call reads them, held against the text that a person has read and accepted.

Each story below is a file in `snapshots/`. `ACCEPT_SNAPSHOTS=1` writes them anew; read the difference before
you commit it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot import declared_runbooks
from bot.nodes.agent_evidence import still_reading
from bot.slack.views import escalation as escalation_views
from bot.slack.views import headline, triage_modals
from bot.slack.views import wide_outage as outage_views
from handlers import escalate, hand_off, triage, wide_outage
from handlers.alerting import intake
from handlers.commands import incident as incident_commands
from handlers.commands.answers import Asked
from handlers.domain.escalation.model import EscalationPlan, Policy, Target, TargetKind, Tier
from handlers.domain.escalation.on_call import HandOver, Shift
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import Closed
from handlers.domain.history.month import Objective
from handlers.domain.notification import Delivery
from handlers.domain.permissions import Permission, Permissions
from handlers.domain.policy import Member
from handlers.domain.wide_outage.members import LIST_KEY, OutageRule
from handlers.remediation import propose
from runbooks.evidence import Role
from tests.bot import incidents
from tests.bot.slack.views.playing import CAROL, ID, Play
from tests.bot.slack.views.reading_out import as_read
from tests.builders import (
    ALICE,
    NOON,
    alert,
    candidates,
    cut,
    diagnosed,
    evidence,
    healthy,
    node,
    opened,
    silent,
)
from tests.handlers.story import click
from tests.handlers.test_unconfirmed import agents_silent
from tests.handlers.world import HOME, ON_CALL, OnCallBox, Pager
from tests.runbooks.declared.texts import in_use
from tests.runbooks.leader_election.test_certificates import certificate, having
from tests.runbooks.leader_election.test_handshakes import complaining
from tests.runbooks.leader_election.test_mtu import everywhere

FOLDER = Path(__file__).parent / "snapshots"
ACCEPT = "ACCEPT_SNAPSHOTS"
Story = Callable[[], Awaitable[Play]]


async def quorum_loss() -> Play:
    """Two of three processes are gone; they are started, a leader comes, the alert resolves."""
    play = Play(incidents.quorum_loss())
    partly = incidents.quorum_loss().model_copy(update={"complete": False})
    partly = partly.model_copy(update={"nodes": (*partly.nodes[:2], still_reading("node3"))})
    play.world.cluster.shows_first = (partly,)
    await play.fires()
    await play.goes_on("the bot has read every node", glimpse="findings_ranked")
    await play.confirms(await play.asks_for("start_nodes"))
    await play.goes_on("the run is over", glimpse="node_checked")
    await play.goes_on("ten seconds later", seconds=11)
    play.resolves()
    await play.goes_on("Alertmanager: resolved")
    return play


async def clock_skew() -> Play:
    """Two clocks are off and gossip holds their nodes failed; the clocks are stepped, the alerts silent."""
    offsets = {"node1": 40.0, "node2": 4200.0, "node3": -1900.0}
    play = Play(evidence(*(node(name, offset_ms=ms, gossip_failed=2) for name, ms in offsets.items())))
    await play.fires()
    await play.goes_on("the bot has read every node")
    await play.confirms(await play.asks_for("clock_sync"), silence_minutes=30)
    await play.goes_on("the run is over", glimpse="silenced")
    await play.goes_on("ten seconds later", seconds=11)
    play.resolves()
    await play.goes_on("Alertmanager: resolved")
    return play


async def aggressive_timeouts() -> Play:
    """Elections follow each other; the timeouts are widened node by node."""
    play = Play(incidents.tight_timeouts())
    play.world.cluster.leads_after = 6
    await play.fires()
    await play.goes_on("the bot has read every node")
    await play.confirms(await play.asks_for("config_bump"))
    await play.goes_on("the run is over", glimpse="node_checked")
    await play.goes_on("as long as ten election timeouts later", seconds=25)
    play.resolves()
    await play.goes_on("Alertmanager: resolved")
    return play


async def network_partition() -> Play:
    """Nobody reaches anybody: people mend the network, the bot proves the leader."""
    play = Play(incidents.partition())
    await play.fires()
    await play.goes_on("the bot has read every node")
    await triage.acknowledge(play.world.ports, ID, ALICE)
    play.show("alice acknowledges")
    play.world.cluster.shows = evidence()
    play.world.cluster.leader = "node2"
    await play.goes_on("somebody puts the firewall right", seconds=12)
    play.resolves()
    await play.goes_on("Alertmanager: resolved")
    return play


async def undetermined() -> Play:
    """No agent answers: what may be the cause, and which reading would decide it."""
    play = Play(incidents.blind())
    await play.fires()
    await play.goes_on("the bot has read what can be read")
    return play


async def agents_fall_silent() -> Play:
    """A cause is confirmed and has a button; agents fall silent, and it is read again until they answer."""
    play = Play(incidents.quorum_loss())
    await play.fires()
    await play.goes_on("the bot has read every node")
    play.world.cluster.shows = agents_silent()
    await play.goes_on("a minute later two agents are silent", seconds=61)
    play.world.time.pass_s(20)
    await triage.read_again(play.world.ports, ID, ALICE)
    play.show("alice presses Read again")
    play.world.cluster.shows = play.read
    await play.goes_on("the agents answer again")
    return play


async def expired_certificates() -> Play:
    """Certificates have expired: the file of one was renewed and never loaded."""
    play = Play(
        evidence(
            having(complaining("node1", 40), certificate("node1", ends=-3)),
            having(
                complaining("node2", 40, gossip_failed=2),
                certificate("node2", ends=-3),
                certificate("node2", ends=90, origin="file"),
            ),
            having(complaining("node3", 40, gossip_failed=2)),
        )
    )
    await play.fires()
    await play.goes_on("the bot has read every node")
    return play


async def large_packets_lost() -> Play:
    """Elections follow each other, and no path takes a packet of full size."""
    play = Play(evidence(*everywhere(candidates())))
    await play.fires()
    await play.goes_on("the bot has read every node")
    return play


async def no_runbook() -> Play:
    """An alert that no runbook covers, for the second time: what the cluster shows, and how to write one."""
    play = Play(evidence(*healthy()))
    first = opened(alert("HighRequestLatency", instance="node2:9090"), runbook="alert:HighRequestLatency")
    play.world.timelines.events["inc-0"] = [first, Closed(at=NOON + timedelta(minutes=12), detail="over")]
    play.world.timelines.released["demo/alert:HighRequestLatency"] = "inc-0"
    play.world.time.pass_s(7_200)
    again = {"handle": "care", "at": play.world.time.now()}
    play.world.timelines.events[ID] = [first.model_copy(update=again)]
    play.show("Alertmanager: HighRequestLatency fires")
    await play.goes_on("the bot has read every node", seconds=4)
    return play


async def backup_too_old() -> Play:
    """A runbook of text: no rule judges it, people go through its steps, and it closes with its alert."""
    runbook = declared_runbooks.read(declared_runbooks.shipped()["backup-restore"])
    play = Play(evidence(*healthy()))
    alerts = opened(alert("NeumannBackupTooOld"), runbook=runbook.NAME)
    play.world.timelines.events[ID] = [alerts.model_copy(update={"handle": "care"})]
    with in_use(runbook):
        await play.goes_on("the bot has read every node")
        await hand_off.tick(play.world.ports, ID, ALICE, "1")
        play.show("alice has done the first point")
        play.events.append(opened(alert("NeumannBackupTooOld", status="resolved", minute=1)))
        await play.goes_on("Alertmanager: resolved")
    return play


async def majority_lost() -> Play:
    """Two of three hosts answer nobody for ten minutes: the thread hands over, people tick what is done."""
    names = ("node1", "node2", "node3")
    cuts = cut(*((one, other) for one in names for other in names[1:] if one != other))
    play = Play(evidence(node("node1", cuts=cuts, lost_pings=20), silent("node2"), silent("node3")))
    await play.fires()
    await play.goes_on("the bot has read what can be read")
    play.world.time.pass_s(601)
    await play.goes_on("ten minutes later, nothing has come back", glimpse="hand_off_drawn_up")
    for number, by in (("1", ALICE), ("2", CAROL)):
        await hand_off.tick(play.world.ports, ID, by, number)
    play.show("alice and carol have done the first two points")
    return play


async def step_without_effect_and_undo() -> Play:
    """A change does not take effect on the second node: the run stops, and is put back in two goes."""
    play = Play(evidence(*candidates(rtt_ms=400.0)))
    play.world.cluster.deaf = {"node2"}
    await play.fires()
    await play.goes_on("the bot has read every node")
    await play.confirms(await play.asks_for("config_bump"))
    await play.goes_on("the run has stopped")
    play.world.cluster.deaf = set()
    play.world.agents.refuses["node1"] = "The agent refuses: Another action is being carried out."
    await play.confirms(await play.asks_for("undo"))
    await play.goes_on("the undo has stopped")
    play.world.agents.refuses.clear()
    await play.confirms(await play.asks_for("undo"))
    await play.goes_on("all is as it was before")
    return play


async def refused_step_of_two_people() -> Play:
    """Two people agree, and the node's own agent refuses."""
    play = Play(incidents.quorum_loss())
    play.world.permissions = Permissions(
        (Permission(confirm_groups=(ON_CALL,), second_groups=("S0SENIOR01",)),)
    )
    play.world.directory.members[CAROL.id] = Member(CAROL.id, HOME, HOME, frozenset({"S0SENIOR01"}))
    play.world.agents.refuses["node2"] = (
        "The agent refuses: The service is activating; only a stopped service is started."
    )
    await play.fires()
    await play.goes_on("the bot has read every node")
    handle = await play.asks_for("start_nodes")
    await play.confirms(handle)
    await play.approves(handle, CAROL)
    await play.goes_on("the run has stopped")
    return play


async def unknown_outcome() -> Play:
    """The answer to a granted action is lost, and the node's ledger cannot be asked."""
    play = Play(incidents.quorum_loss())
    play.world.agents.loses_answer.add("node2")
    play.world.cluster.leads_after = None
    await play.fires()
    await play.goes_on("the bot has read every node")
    await play.confirms(await play.asks_for("start_nodes"))
    await play.goes_on("the run has stopped")
    return play


async def stopped_by_a_person() -> Play:
    """Somebody stops the run before its next node."""
    play = Play(incidents.quorum_loss())
    await play.fires()
    await play.goes_on("the bot has read every node")
    await play.confirms(await play.asks_for("start_nodes"))
    handle = (await play.world.timelines.load(ID)).runs[-1].handle
    await propose.stop(play.world.ports, click(handle))
    play.show("alice presses Stop before the next node")
    await play.goes_on("the run has stopped")
    return play


async def closed_by_hand() -> Play:
    """People care for it: it is given on, put off, noted in, resolved by hand, reported and opened again."""
    play = Play(incidents.partition())
    ports = play.world.ports
    await play.fires()
    await play.goes_on("the bot has read every node")
    await triage.acknowledge(ports, ID, ALICE)
    await triage.assign(ports, ID, ALICE, CAROL)
    await triage.snooze(ports, ID, CAROL, timedelta(minutes=30))
    await triage.add_note(
        ports, ID, CAROL, "the switch in rack 12 is dead <!channel>", "https://neumann.slack.com/p1"
    )
    play.show("alice acknowledges and gives it to carol, who snoozes it and notes something")
    play.world.time.pass_s(600)
    play.resolves()
    play.show("Alertmanager: resolved")
    await triage.resolve(ports, ID, CAROL)
    play.show("carol resolves it")
    written = await incident_commands.write_report(ports, Asked(CAROL, ID))
    play.act("carol asks for the report")
    play.scroll.said("the thread", written.markdown)
    await triage.reopen(ports, ID, ALICE)
    play.show("alice opens it again")
    return play


async def resolved_without_a_leader() -> Play:
    """Alertmanager says resolved, because the series are gone; nobody leads."""
    play = Play(incidents.quorum_loss())
    await play.fires()
    await play.goes_on("the bot has read every node")
    play.resolves()
    await play.goes_on("Alertmanager: resolved, as the series are gone", seconds=61)
    return play


async def leader_exists() -> Play:
    """The alert is wrong: somebody leads, but Prometheus does not see it."""
    play = Play(evidence(node("node1", role=Role.LEADER, commits=5), node("node2", commits=5), node("node3")))
    await play.fires()
    await play.goes_on("the bot has read every node")
    return play


async def nobody_answers() -> Play:
    """At night: who is on call sleeps, PagerDuty refuses at first, then somebody acknowledges there."""
    play = Play(incidents.partition())
    world = play.world
    world.on_call = OnCallBox(scheduled=Shift(user="U0ALICE001", name="Alice"))
    pagerduty = Pager(refuses="PagerDuty at events.pagerduty.com refuses with 429: Rate limit exceeded.")
    world.pagers = {TargetKind.PAGERDUTY: pagerduty, TargetKind.WEBHOOK: Pager()}
    world.threads.stands = frozenset({"headline", "tier-1", "tier-2"})
    tiers = (
        Tier(timedelta(minutes=5), (Target(kind=TargetKind.ON_CALL, id="on-call"),)),
        Tier(
            timedelta(minutes=10),
            (Target(kind=TargetKind.GROUP, id="S0ONCALL01"), Target(kind=TargetKind.PAGERDUTY)),
        ),
        Tier(timedelta(minutes=20), (Target(kind=TargetKind.WEBHOOK),)),
    )

    async def passes(what: str, minutes: float) -> None:
        world.time.pass_s(60 * minutes)
        await escalate.escalate(world.ports, EscalationPlan((Policy(tiers),)), ID)
        play.show(what)

    await play.fires()
    await play.goes_on("the bot has read every node")
    await passes("five minutes later", 5)
    await passes("five more", 5)
    pagerduty.refuses = None
    await passes("a quarter of a minute later", 0.25)
    ann = Person(id="pagerduty:PANN", name="Ann (PagerDuty)")
    await escalate.acknowledged_elsewhere(world.ports, f"neumann-bot-{ID}", ann, world.time.now())
    await passes("Ann acknowledges in PagerDuty", 1)
    play.act("the shift changes")
    change = HandOver(
        key="hand-over",
        at=world.time.now(),
        before=Shift(user="U0ALICE001", name="Alice"),
        after=Shift(user="U0BOB00001", name="Bob", until=world.time.now() + timedelta(hours=12)),
    )
    told = escalation_views.handed_over(change, (await world.timelines.load(ID),))
    play.scroll.said("the channel", as_read(list(told.blocks)))
    for text in ("oncall", "oncall override me 4h", "oncall", "oncall override me", "oncall clear"):
        play.act(f"alice: /neumann {text}")
        await play.asks(text)
    return play


async def like_a_past_one() -> Play:
    """The same two processes are gone as in March: the thread says what mended it then."""
    play = Play(incidents.quorum_loss())
    past = incidents.mended(incidents.quorum_loss(), after=timedelta(minutes=4, seconds=10))
    play.world.timelines.events["inc-12-k3xqf"] = incidents.opened_at(NOON.replace(month=3, day=3), past)
    play.world.timelines.past = ("inc-12-k3xqf",)
    await play.fires()
    await play.goes_on("the bot has read every node")
    return play


async def a_month_in_review() -> Play:
    """A month looked back on: without an objective, with one that is held, and with one that is not."""
    play = Play(incidents.quorum_loss())
    world = play.world
    by_hand = Closed(at=NOON, detail="Resolved by alice.", by=ALICE)
    stories: tuple[tuple[int, tuple[Event, ...]], ...] = (
        (3, incidents.healed()),
        (9, incidents.false_alarm()),
        (14, incidents.mended(incidents.tight_timeouts(), after=timedelta(minutes=11))),
        (20, incidents.mended(incidents.quorum_loss(), after=timedelta(minutes=6))),
        (21, (opened(), *diagnosed(incidents.blind()), by_hand)),
    )
    for day, events in stories:
        world.timelines.events[f"inc-{day}"] = incidents.opened_at(NOON.replace(day=day), events)
    world.timelines.past = tuple(f"inc-{day}" for day, _ in stories)
    world.timelines.since = NOON.replace(day=2)
    play.act("alice: /neumann report month")
    await play.asks("report month")
    world.objective = Objective(43.2)
    world.timelines.since = NOON.replace(month=9)
    play.act("alice, once an objective is set: /neumann report month demo 2026-11")
    await play.asks("report month demo 2026-11")
    world.objective = Objective(15)
    play.act("alice, with a stricter one")
    await play.asks("report month")
    for text in ("report month 2026-12", "report month 2026-13", "report month demo 2026-10", "report"):
        play.act(f"alice: /neumann {text}")
        await play.asks(text)
    return play


async def one_outage() -> Play:
    """A lag comes before anybody knows why, and is merged. Later ones join; what is not part is split."""
    play = Play(incidents.quorum_loss())
    ports = play.world.ports

    async def asks(text: str) -> None:
        play.act(f"alice: /neumann {text}")
        await play.asks(text)

    lag, lags_too = (alert("HighReplicationLag", node=name) for name in ("node2", "node3"))
    await play.told("Alertmanager: HighReplicationLag fires on node2", lag)
    await play.told(
        "Alertmanager: NoLeader and ElectionStorm fire", alert(), alert("ElectionStorm", node="node3")
    )
    play.world.time.pass_s(61)
    await play.told("a minute later")
    play.act("alice clicks Merge into another in inc-1")
    quorum = await ports.timelines.load("inc-2")
    play.scroll.modal("alice", triage_modals.merge(await ports.timelines.load("inc-1"), [quorum], ALICE.id))
    await asks("incident merge inc-2 into inc-1")
    await asks("incident merge inc-1 into inc-2")
    await play.told("a moment later")
    await asks("incident merge inc-1 into inc-2")
    await play.told("Alertmanager: HighReplicationLag fires on node3 too", lags_too)
    play.act("alice clicks Split an alert off in inc-2")
    play.scroll.modal("alice", triage_modals.split(await ports.timelines.load("inc-2"), ALICE.id))
    await asks("incident split inc-2 DiskFull")
    await asks("incident split inc-2 ElectionStorm node3")
    await play.told("a moment later")
    return play


async def explained() -> Play:
    """A lag while nobody leads is part of that incident; ten minutes after the leader is back it is not."""
    play = Play(incidents.quorum_loss())
    lag = alert("HighReplicationLag", node="node2")
    await play.told("Alertmanager: NoLeader fires", alert())
    await play.told("Alertmanager: HighReplicationLag fires", lag)
    await play.told("Alertmanager: RootDiskFull fires, of which no runbook knows", alert("RootDiskFull"))
    play.world.cluster.shows = evidence()
    play.world.cluster.leader = "node2"
    for seconds in (0, 15):
        play.world.time.pass_s(seconds)
        await play.told(f"node2 and node3 are back, {seconds} s later")
    await play.told("Alertmanager: NoLeader is resolved", alert(status="resolved", minute=1))
    play.world.time.pass_s(601)
    await play.told("ten minutes later the lag still fires")
    return play


async def many_clusters() -> Play:
    """A switch fails: six clusters get incidents at once, one message lists them until the last is closed."""
    play = Play(incidents.quorum_loss())
    world = play.world
    world.cluster.clusters = tuple(f"shop-{number}" for number in range(1, 7))
    world.threads.stands = frozenset({"headline", LIST_KEY})

    async def looks() -> None:
        for _ in range(2):
            await wide_outage.watch(world.ports, OutageRule())
        seen = (await world.timelines.load(ID)).wide_outage.seen
        assert seen
        play.scroll.thread((outage_views.message(seen),), of="the channel:")

    for cluster in world.cluster.clusters:
        firing = alert(cluster=cluster)
        labels = {**firing.labels, "zone": "eu-1", "switch": "sw-12"}
        await intake.receive(world.ports, Delivery((firing.model_copy(update={"labels": labels}),)), None)
    play.act("Alertmanager: NoLeader fires on six clusters")
    await looks()
    first = await world.timelines.load(ID)
    play.scroll.thread((headline.headline(first),), of=ID)
    for number in (1, 2):
        over = Closed(at=world.time.now(), detail="node1 leads term 9, and no alert fires any more.")
        await world.timelines.append(await world.timelines.load(f"inc-{number}"), over)
    play.act("two of them are closed")
    await looks()
    for number in range(3, 7):
        over = Closed(at=world.time.now(), detail="node1 leads term 9, and no alert fires any more.")
        await world.timelines.append(await world.timelines.load(f"inc-{number}"), over)
    play.act("the switch is back")
    await looks()
    return play


QUESTIONS = (
    "help",
    "election status",
    "election diagnose",
    "election watch",
    "election history",
    "posture",
    "posture mute zones 7d",
    "posture mute zones",
    "posture mute zone 7d",
    "posture unmute zones",
    "incident list",
    "incident show",
    "incident ack",
    "incident assign <@U0BOB00001|bob>",
    "incident assign bob",
    "incident snooze 2h",
    "incident snooze soon",
    "incident note rack 12 lost power",
    "incident tick 1",
    "incident handoff",
    "incident tick 1",
    "incident resolve",
    "incident reopen inc-1",
    "silence 1h",
    "runbooks",
    "incident",
    "electoin status",
    "election status prod",
)


async def what_one_can_ask() -> Play:
    """Everything behind `/neumann`, and the App Home, while an incident is open."""
    play = Play(incidents.quorum_loss())
    await play.fires()
    await play.goes_on("the bot has read every node")
    for text in QUESTIONS:
        play.act(f"alice: /neumann {text}")
        await play.asks(text)
    play.act("alice opens the App Home")
    await play.opens_home()
    for modal in (triage_modals.assign, triage_modals.snooze, triage_modals.note):
        play.act(f"alice clicks {modal.__name__}")
        play.scroll.modal("alice", modal(await play.world.timelines.load(ID), ALICE.id))
    return play


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        quorum_loss,
        clock_skew,
        aggressive_timeouts,
        network_partition,
        undetermined,
        agents_fall_silent,
        majority_lost,
        backup_too_old,
        no_runbook,
        expired_certificates,
        large_packets_lost,
        nobody_answers,
        one_outage,
        explained,
        many_clusters,
        step_without_effect_and_undo,
        refused_step_of_two_people,
        unknown_outcome,
        stopped_by_a_person,
        closed_by_hand,
        resolved_without_a_leader,
        leader_exists,
        like_a_past_one,
        a_month_in_review,
        what_one_can_ask,
    )
}


@pytest.mark.parametrize("name", STORIES)
async def test_the_thread_reads_as_it_was_accepted(name: str) -> None:
    story = STORIES[name]
    told = f"{story.__doc__}\n\n{(await story()).scroll}"
    file = FOLDER / f"{name}.txt"
    if os.environ.get(ACCEPT):
        file.parent.mkdir(exist_ok=True)
        file.write_text(told)
        pytest.skip(f"{file.name} was written anew: read what has changed in it")
    accepted = file.read_text() if file.exists() else ""
    if told != accepted:
        change = difflib.unified_diff(
            accepted.splitlines(), told.splitlines(), f"accepted {file.name}", "as it is now", lineterm=""
        )
        where = Path(__file__).relative_to(Path(__file__).parents[4])
        how = f"If it reads well at 3 a.m.: {ACCEPT}=1 .venv/bin/python -m pytest {where}"
        pytest.fail("\n".join([*change, "", how]), pytrace=False)


def test_every_accepted_thread_is_still_told() -> None:
    assert {file.stem for file in FOLDER.glob("*")} == set(STORIES)
