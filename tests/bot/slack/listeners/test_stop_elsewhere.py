"""While a run goes on it can be stopped, also where its thread is gone, and with the same checks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot import main as wiring
from bot.config import Settings
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.events.triage import Acknowledged
from handlers.domain.incident import Incident
from handlers.errors import SlackDown
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.slack.server import SlackWorkspaceServer
from lab.slack.shapes import Json
from tests.bot import incidents
from tests.bot.conftest import INCIDENTS
from tests.bot.worker.working import answered, answering
from tests.builders import BOB, NOON

ID = "inc-1"
STOP = "Stop before the next node"
DIRECT = "D0ALICE001"


@dataclass(frozen=True)
class Scene:
    """A bot that answers, and an incident with a confirmed run in its thread."""

    bot: wiring.Bot
    store: TimelineStore
    slack: SlackWorkspaceServer

    async def show(self) -> None:
        """Bring the thread to what it should be, as a worker does; its turns are free."""
        for _ in range(4):
            async for turns in self.bot.redis.scan_iter("*:pace:*"):
                await self.bot.redis.delete(turns)
            with contextlib.suppress(SlackDown):
                await self.bot.ports.threads.sync(await self.store.load(ID))  # type: ignore[attr-defined]

    async def go_on(self) -> None:
        """Begin the first action, while somebody takes the incident."""
        taken = Acknowledged(at=NOON, by=BOB)
        await self.store.append(await self.store.load(ID), incidents.STARTED, taken)
        await self.show()

    async def stopped_by(self) -> str | None:
        """Who has asked the run to stop, once everything is answered."""
        await answered(self.bot)
        run = (await self.store.load(ID)).run
        return run.stop_asked_by.name if run and run.stop_asked_by else None


@pytest.fixture
async def scene(settings: Settings, slack: SlackWorkspaceServer) -> AsyncIterator[Scene]:
    async with wiring.build(settings) as bot, answering(bot) as slack.bot_request_url:
        store = TimelineStore(bot.redis, settings.redis.prefix, Chain.of(settings.agents))
        confirmed = incidents.confirmed(incidents.quorum_loss())
        incident = await store.append(Incident(id=ID), *confirmed)
        assert incident.running
        await store.remember_handle(incident.running.handle, ID)
        made = Scene(bot, store, slack)
        await made.show()
        yield made


async def with_stop(person: Person) -> Json:
    """The one message that this person sees with the button."""
    (found,) = [each for each in await person.messages() if STOP in plain_text(each)]
    return found


async def test_a_run_is_stopped_in_the_thread_that_follows_on_one_that_was_deleted(
    scene: Scene, slack: SlackWorkspaceServer, alice: Person
) -> None:
    lost = slack.workspace.messages[0]
    async with Person(slack.url, "erin") as erin:
        await erin.delete(lost.ts)
    await scene.go_on()
    buttons = [each for each in await alice.messages() if STOP in plain_text(each)]
    assert len(buttons) == 2, "the old one is left below the grave"
    assert buttons[1]["thread_ts"] != lost.ts
    assert (await alice.click(buttons[1]["ts"], STOP)).ok
    assert await scene.stopped_by() == "alice"


async def test_a_button_below_a_deleted_headline_still_works(
    scene: Scene, slack: SlackWorkspaceServer, alice: Person
) -> None:
    old = await with_stop(alice)
    slack.workspace.delete(slack.workspace.messages[0])
    await scene.go_on()
    assert (await alice.click(old["ts"], STOP)).ok
    assert await scene.stopped_by() == "alice"


async def test_a_run_is_stopped_in_the_direct_message_of_who_confirmed_it(
    scene: Scene, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.archive(INCIDENTS)
    await scene.go_on()
    async with Person(slack.url, "alice", channel=DIRECT) as alice:
        told = await with_stop(alice)
        assert (await alice.click(told["ts"], STOP)).ok
        assert await scene.stopped_by() == "alice"
        await scene.show()
        (told,) = [each for each in await alice.messages() if not each["is_ephemeral"]]
        assert "asked to stop before the next node" in plain_text(told)
        assert STOP not in plain_text(told)


async def test_who_may_not_confirm_any_more_is_refused_in_the_direct_message_too(
    scene: Scene, slack: SlackWorkspaceServer
) -> None:
    slack.workspace.archive(INCIDENTS)
    await scene.store.append(await scene.store.load(ID), incidents.STARTED)
    await scene.show()
    directory = slack.workspace.directory
    left = replace(directory.groups[0], user_ids=("U0CAROL001",))
    slack.workspace.directory = replace(directory, groups=(left, *directory.groups[1:]))
    async with Person(slack.url, "alice", channel=DIRECT) as alice:
        told = await with_stop(alice)
        await alice.click(told["ts"], STOP)
        assert await scene.stopped_by() is None
        said = await alice.wait_for_message(lambda message: bool(message["is_ephemeral"]))
    assert "on-call group" in plain_text(said)
