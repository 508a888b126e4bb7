"""Incidents played in the in-memory world, in the words of the real agents, each act shown as Slack would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.slack.listeners.app_home import gather
from bot.slack.views import answers, app_home, plan_modal
from bot.slack.views.render import render
from handlers import advance, commands
from handlers.alerting import intake
from handlers.commands.answers import Asked
from handlers.domain.alerts import Alert, Reason
from handlers.domain.events import Event
from handlers.domain.events.base import Person
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.fold import fold
from handlers.domain.notification import Delivery
from handlers.domain.policy import Member
from handlers.errors import Refused
from handlers.ports import Order, Outcome, Readiness
from handlers.remediation import propose, second_approval
from lab.slack.limits import check_message, check_view
from runbooks.evidence import Evidence
from runbooks.plans import Action
from tests.bot.slack.views.reading_out import Scroll, as_read
from tests.builders import ALICE, NOON, alert, evidence, opened
from tests.handlers.story import click, submitted
from tests.handlers.world import HOME, Agents, World

ID = "inc-1"
CAROL = Person(id="U0CAROL001", name="carol", team=HOME)


def said_by_agent(action: Action, read: Evidence) -> str:
    """What an agent tells of an action that is done on a node that read like this."""
    match action.type:
        case "start_service":
            return "The service had failed and is active (process 4712)."
        case "restart_service":
            return "The service was active (process 4711) and is active (process 4712)."
        case "clock_sync":
            clock = read.node(action.node).clock.value
            return f"The clock's offset was {clock.offset_ms if clock else 0:+.1f} ms and is +0.4 ms."
        case "set_election_timeouts":
            low, high = action.election_timeout_min_ms, action.election_timeout_max_ms
            asked = f"{low} to {high} ms; it takes effect when the service restarts."
            return f"/etc/neumann/config.toml now says {asked}"
        case "transfer_leadership":
            return "The node led term 7 and is a follower in term 8."
        case "undo_election_timeouts":
            effect = "it takes effect when the service restarts."
            return f"/etc/neumann/config.toml is as it was before that change; {effect}"


@dataclass
class SpokenAgents(Agents):
    """The world's agents, with what real ones say; `read` is how their nodes were."""

    read: Evidence = field(default_factory=evidence)

    async def commit(self, order: Order, readiness: Readiness) -> Outcome:
        known = await super().commit(order, readiness)
        if known.state == "unknown":
            lost = f"The agent did not answer, look at {order.action.node}: no answer within 20 s"
            return Outcome("unknown", lost)
        done = replace(known, detail=said_by_agent(order.action, self.read))
        self.ledger[readiness.action_id] = done
        return done


@dataclass
class Play:
    """One incident, and what Slack shows of it after each act."""

    read: Evidence
    world: World = field(default_factory=World)
    scroll: Scroll = field(default_factory=Scroll)

    def __post_init__(self) -> None:
        self.world.cluster.shows = self.read
        self.world.agents = SpokenAgents(read=self.read)
        self.world.agents.on_effect = self._feel
        self.world.directory.members[CAROL.id] = Member(CAROL.id, HOME, HOME, frozenset())

    def _feel(self, action: Action) -> None:
        self.world.time.pass_s(3)
        self.world.cluster.feel(action)

    @property
    def events(self) -> list[Event]:
        """The timeline so far."""
        return self.world.timelines.events[ID]

    async def fires(self, what: str = "Alertmanager: NoLeader fires") -> None:
        """The alert comes in."""
        self.world.timelines.events[ID] = [opened().model_copy(update={"handle": "care"})]
        self.world.timelines.open["demo/leader-election"] = ID
        self.show(what)

    async def goes_on(self, what: str, *, glimpse: str = "", seconds: int = 0) -> None:
        """The bot works, for no time or for some.

        Args:
            what: The act's title.
            glimpse: The kind of event after whose first the thread is shown as well.
            seconds: How long it watches.
        """
        before = len(self.events)
        for second in range(seconds + 1):
            self.world.time.pass_s(1 if second else 0)
            await advance.advance(self.world.ports, ID)
        kinds: list[str] = [event.kind for event in self.events]
        if glimpse:
            self.show(f"… meanwhile ({glimpse.replace('_', ' ')})", upto=kinds.index(glimpse, before) + 1)
        self.show(what)

    async def told(self, what: str, *alerts: Alert) -> None:
        """Alertmanager tells something, the bot works, and each incident's thread is shown."""
        if alerts:
            await intake.receive(self.world.ports, Delivery(alerts), None)
        for each in (*self.world.timelines.events, *self.world.timelines.events):
            await advance.advance(self.world.ports, each)
        self.act(what)
        for each in self.world.timelines.events:
            self.scroll.thread(render(await self.world.timelines.load(each)), of=each)

    async def asks_for(self, remedy: str, by: Person = ALICE) -> str:
        """Somebody clicks a remedy and sees its plan.

        Returns:
            The plan's handle.
        """
        self.world.time.pass_s(20)
        handle = (await self.offers())[remedy]
        self.world.timelines.handles[handle] = ID
        incident, proposed = await propose.propose(self.world.ports, click(handle, by))
        self.act(f"{by.name} clicks the button")
        self.scroll.modal(by.name, plan_modal.plan_modal(incident, proposed, viewer=by.id, can_silence=True))
        return proposed.handle

    async def confirms(self, handle: str, by: Person = ALICE, *, silence_minutes: int = 0) -> None:
        """Somebody runs the plan that they see."""
        self.world.time.pass_s(10)
        await propose.confirm(self.world.ports, submitted(handle, by), silence_minutes=silence_minutes)
        self.show(f"{by.name} presses Run it")

    async def approves(self, handle: str, by: Person) -> None:
        """A second person opens the plan that waits, and approves it."""
        incident, proposed = await second_approval.awaiting(self.world.ports, click(handle, by))
        self.act(f"{by.name} clicks Read and approve")
        callback = plan_modal.APPROVE_CALLBACK
        self.scroll.modal(by.name, plan_modal.plan_modal(incident, proposed, callback, viewer=by.id))
        await second_approval.approve(self.world.ports, submitted(handle, by))
        self.show(f"{by.name} presses Approve")

    async def asks(self, text: str, by: Person = ALICE) -> None:
        """Somebody types a command and gets its answer."""
        try:
            text, shown = answers.answer(await commands.answer(self.world.ports, text, Asked(by)))
        except Refused as refused:
            text, shown = answers.refusal(str(refused))
        check_message({"text": text, "blocks": shown})
        self.scroll.said(by.name, as_read(shown) if shown else text)

    async def opens_home(self, by: Person = ALICE) -> None:
        """Somebody opens the App Home."""
        view = app_home.view(await gather(self.world.ports, by.id))
        check_view(view, "home")
        self.scroll.said(by.name, as_read(view["blocks"]))

    async def offers(self) -> dict[str, str]:
        """Remedy → handle of its button, the undo of a run among them."""
        incident = await self.world.timelines.load(ID)
        undo = incident.run.ended.undo if incident.run and incident.run.ended else None
        offered = [*incident.offers, *([undo] if undo else [])]
        return {offer.remedy.name: offer.handle for offer in offered}

    def resolves(self) -> None:
        """Alertmanager says that nothing fires any more."""
        minute = int((self.world.time.now() - NOON).total_seconds() // 60)
        self.events.append(
            AlertsReceived(
                at=self.world.time.now(),
                reason=Reason.ALL_RESOLVED,
                cluster="demo",
                runbook="leader-election",
                alerts=(alert(status="resolved", minute=minute),),
            )
        )

    def act(self, what: str) -> None:
        """An act that changes nothing in the thread."""
        self.scroll.act(f"{self.world.time.now():%H:%M:%S}", what)

    def show(self, what: str, *, upto: int | None = None) -> None:
        """The thread as it is now, or as it was after so many events."""
        happened = self.events[:upto]
        self.scroll.act(f"{happened[-1].at if upto else self.world.time.now():%H:%M:%S}", what)
        self.scroll.thread(render(fold(ID, happened)))
