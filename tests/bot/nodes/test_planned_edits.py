"""Every spelling of the configuration file: what real agents show is what a confirmed grant then writes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bot import clients
from bot.config import Cluster, Node, Settings
from bot.config import load as load_settings
from bot.nodes.agent_client import AgentClient
from bot.nodes.planned_edits import AGENT_TOO_OLD
from handlers.ports import CannotEdit, NotBegun, Order, Readiness
from lab.cluster.cluster import Lab
from runbooks.plans import Action, PlannedEdit
from tests.bot.conftest import WriteConfig
from tests.bot.web.serving import hang, page, talk

pytestmark = pytest.mark.process

SPELLINGS = sorted((Path(__file__).parents[2] / "data/config").glob("*.toml"))
WIDER = Action(
    type="set_election_timeouts", node="node2", election_timeout_min_ms=400, election_timeout_max_ms=800
)


@pytest.fixture
def settings(write_config: WriteConfig) -> Settings:
    return load_settings(write_config())


@pytest.fixture
async def agents(settings: Settings) -> AsyncIterator[AgentClient]:
    async with clients.reader(settings) as (_, client):
        yield client


@pytest.fixture
def config_file(lab: Lab) -> Iterator[Path]:
    path = lab.node("node2").config_file
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda path: path.stem)
async def test_what_is_shown_is_what_is_written(
    agents: AgentClient, config_file: Path, spelling: Path
) -> None:
    before = spelling.read_bytes()
    config_file.write_bytes(before)
    answer = (await agents.planned_edits("demo", [WIDER]))[WIDER]
    assert config_file.read_bytes() == before, "showing writes nothing"
    if isinstance(answer, CannotEdit):
        assert spelling.stem == "both-forms", answer.reason
        refused = await _prepared(agents, _order(spelling, None))
        assert isinstance(refused, NotBegun), "what is not shown is not written either"
        return
    order = _order(spelling, answer.after_sha256)
    ready = await _prepared(agents, order)
    assert isinstance(ready, Readiness), ready
    done = await agents.commit(order, ready)
    assert done.state == "done", done.detail
    after = config_file.read_bytes()
    assert hashlib.sha256(after).hexdigest() == answer.after_sha256
    assert _differing(before, after) == list(answer.lines)


async def test_an_undo_that_was_withdrawn_is_done_by_another_attempt_byte_for_byte(
    agents: AgentClient, config_file: Path
) -> None:
    before = config_file.read_bytes()
    wider = replace(_order(SPELLINGS[0], None), generation=300, fence=300)
    ready = await _prepared(agents, wider)
    assert isinstance(ready, Readiness), ready
    assert (await agents.commit(wider, ready)).state == "done"
    undo = WIDER.model_copy(update={"type": "undo_election_timeouts", "undoes": agents.action_id(wider)})
    first = replace(wider, action=undo)
    assert await agents.void([first]) == frozenset(), "as a run does that ends before it comes to this step"
    assert isinstance(await agents.prepare(first), NotBegun)
    again = replace(first, action=undo.model_copy(update={"attempt": 2}))
    ready = await _prepared(agents, again)
    assert isinstance(ready, Readiness), ready
    assert (await agents.commit(again, ready)).state == "done"
    assert config_file.read_bytes() == before


async def _prepared(agents: AgentClient, order: Order) -> Readiness | NotBegun:
    """Prepare as soon as the agent's limit of one edit a second leaves it."""
    deadline = time.monotonic() + 20
    while True:
        answer = await agents.prepare(order)
        if isinstance(answer, Readiness) or "is the limit" not in answer.detail:
            return answer
        assert time.monotonic() < deadline, f"the limit never ends: {answer.detail}"
        await asyncio.sleep(0.2)


def _order(spelling: Path, after_sha256: str | None) -> Order:
    generation = 100 + SPELLINGS.index(spelling)
    return Order(
        cluster="demo",
        incident="inc-edits",
        generation=generation,
        fence=generation,
        action=WIDER,
        confirmed_by="U0ALICE001",
        after_sha256=after_sha256,
    )


def _differing(before: bytes, after: bytes) -> list[str]:
    """The lines of one file that are not in the other; in these files no line stands twice."""
    old, new = before.decode().split("\n"), after.decode().split("\n")
    gone = [f"-{line}" for line in old if line not in new]
    return gone + [f"+{line}" for line in new if line not in old]


async def _stands_in(parts: AsyncExitStack, settings: Settings, url: str) -> PlannedEdit | CannotEdit:
    node = Node(name="node2", metrics_url="http://127.0.0.1:1", agent_url=url)
    moved = settings.model_copy(update={"clusters": (Cluster(name="demo", nodes=(node,)),)})
    _, client = await parts.enter_async_context(clients.reader(moved))
    return (await client.planned_edits("demo", [WIDER]))[WIDER]


async def test_an_agent_of_before_says_that_it_is_to_be_upgraded(
    settings: Settings, parts: AsyncExitStack
) -> None:
    refusal = json.dumps({"reason": "no_such_route", "detail": "The agent has no such route or method."})
    url = await parts.enter_async_context(talk(page(refusal, "application/json", "404 Not Found")))
    assert await _stands_in(parts, settings, url) == CannotEdit(AGENT_TOO_OLD)


async def test_an_agent_that_hangs_or_is_none_shows_nothing(
    settings: Settings, parts: AsyncExitStack
) -> None:
    hung = await parts.enter_async_context(talk(hang))
    web = await parts.enter_async_context(talk(page("<h1>hello</h1>", "text/html")))
    for url in (hung, web):
        answer = await _stands_in(parts, settings, url)
        assert isinstance(answer, CannotEdit)
        assert "nobody can say what would be written" in answer.reason
