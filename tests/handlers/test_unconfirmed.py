"""A finding that was sure stays in sight while readings fail, and goes once something speaks against it."""

import pytest

from handlers import diagnosis
from handlers.domain.events.diagnosis import FindingsRanked
from handlers.domain.fold import fold
from handlers.domain.incident import Incident
from handlers.domain.timeline_text import tell
from handlers.domain.unconfirmed import sentence
from runbooks.evidence import Evidence, NodeEvidence, Role
from runbooks.leader_election.causes import RootCause
from runbooks.missing_kind import MissingKind
from runbooks.model import Verdict
from tests.builders import dead, evidence, late, missing, node, opened, silent
from tests.handlers.story import confirmed, quorum_lost
from tests.handlers.world import World

LINE = (
    "Confirmed at 12:00 UTC: Quorum loss on node2 and node3. Since then agent:node2 and agent:node3 gave no"
    " answer, so no button for it is offered."
)
FROM_AGENT = (
    *("clock", "service", "log", "config", "disk", "local_metrics", "connects", "pings"),
    *("certificates", "full_pings"),
)


def without_agent(member: NodeEvidence, kind: MissingKind = MissingKind.TIMEOUT) -> NodeEvidence:
    """The node while its agent gives no answer."""
    failed = missing("the agent gave no answer within 4 s", by=f"agent:{member.node}", kind=kind)
    return member.model_copy(update=dict.fromkeys(FROM_AGENT, failed))


def agents_silent(kind: MissingKind = MissingKind.TIMEOUT) -> Evidence:
    """Two of three are gone as before, and their agents give no answer any more."""
    first, *others = quorum_lost().nodes
    return evidence(first, *(without_agent(each, kind) for each in others))


async def confirmed_world() -> World:
    """A world whose incident has had its quorum loss confirmed, with a button."""
    world = World()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open["demo/leader-election"] = "inc-1"
    await then_reads(world, quorum_lost())
    return world


async def then_reads(world: World, *shows: Evidence) -> Incident:
    *first, world.cluster.shows = shows
    world.cluster.shows_first = tuple(first)
    world.time.pass_s(60)
    return await diagnosis.read_cluster(world.ports, await world.timelines.load("inc-1"))


async def test_what_was_confirmed_is_still_told_after_its_agents_fell_silent() -> None:
    world = await confirmed_world()
    incident = await then_reads(world, agents_silent())
    assert not incident.offers
    assert incident.unconfirmed
    assert sentence(incident.unconfirmed) == LINE


async def test_the_timeline_tells_it_too() -> None:
    world = await confirmed_world()
    await then_reads(world, agents_silent())
    ranked = [each for each in world.timelines.events["inc-1"] if isinstance(each, FindingsRanked)]
    assert [LINE in tell(event) for event in ranked] == [False, True]


async def test_it_is_told_for_as_long_as_the_readings_fail_and_no_longer() -> None:
    world = await confirmed_world()
    for _ in range(3):
        assert (await then_reads(world, agents_silent())).unconfirmed
    again = await then_reads(world, quorum_lost())
    assert again.unconfirmed is None
    assert again.offers


async def test_what_a_reading_speaks_against_is_not_told_any_more_even_if_that_reading_fails_next() -> None:
    world = await confirmed_world()
    assert (await then_reads(world, evidence())).unconfirmed is None
    assert (await then_reads(world, agents_silent())).unconfirmed is None


async def test_a_silent_agent_does_not_keep_a_finding_that_the_other_readings_contradict() -> None:
    world = await confirmed_world()
    back = evidence(*(without_agent(each) for each in evidence().nodes))
    assert (await then_reads(world, back)).unconfirmed is None


def clocks_apart() -> Evidence:
    """All clocks are far apart and all hold each other failed, so nobody is elected."""
    return evidence(
        *(
            node(name, role=Role.CANDIDATE, elections=(3, 5), gossip_failed=2, offset_ms=offset_ms)
            for name, offset_ms in (("node1", 3_000.0), ("node2", -3_000.0), ("node3", 0.0))
        )
    )


@pytest.mark.parametrize("read_by", ["bot", "agent"])
async def test_a_page_that_speaks_against_it_is_not_silence_though_another_sample_of_it_failed(
    read_by: str,
) -> None:
    world = World()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open["demo/leader-election"] = "inc-1"
    before = await then_reads(world, clocks_apart())
    assert before.diagnosis and before.diagnosis.findings[0].verdict is Verdict.CONFIRMED
    healed = [node(name, elections=(5, 5), term=9) for name in ("node1", "node2", "node3")]
    failed = {"metrics_again": late()} if read_by == "bot" else {"metrics": late(), "metrics_again": late()}
    pages = [{"local_metrics": each.local_metrics} if read_by == "agent" else {} for each in healed]
    once = evidence(
        *(
            without_agent(each).model_copy(update={**failed, **page})
            for each, page in zip(healed, pages, strict=True)
        )
    )
    assert (await then_reads(world, once)).unconfirmed is None


async def test_only_the_nodes_are_told_of_which_it_is_not_confirmed_any_more() -> None:
    names = tuple(f"node{number}" for number in range(1, 6))
    alone, *gone = node(names=names, role=Role.CANDIDATE), *(dead(name, names=names) for name in names[1:])
    world = World()
    world.timelines.events["inc-1"] = [opened()]
    world.timelines.open["demo/leader-election"] = "inc-1"
    await then_reads(world, evidence(alone, *gone))
    incident = await then_reads(world, evidence(alone, *gone[:-1], silent("node5")))
    assert incident.diagnosis and incident.diagnosis.findings[0].nodes == names[1:4]
    assert incident.diagnosis.findings[0].verdict is Verdict.CONFIRMED
    assert incident.unconfirmed and incident.unconfirmed.nodes == ("node5",)


async def test_while_answers_are_awaited_it_says_so() -> None:
    world = await confirmed_world()
    await then_reads(
        world, agents_silent(MissingKind.PENDING).model_copy(update={"complete": False}), quorum_lost()
    )
    *_, half, whole = [each for each in world.timelines.events["inc-1"] if isinstance(each, FindingsRanked)]
    assert "agent:node2 and agent:node3 gave no answer yet, so no button for it is offered" in tell(half)
    assert whole.unconfirmed is None


async def test_whoever_refuses_is_told_apart_from_whoever_is_silent() -> None:
    world = await confirmed_world()
    first, second, _ = agents_silent().nodes
    mixed = evidence(first, second, without_agent(dead("node3"), MissingKind.NOT_PERMITTED))
    incident = await then_reads(world, mixed)
    assert incident.unconfirmed
    said = "agent:node2 gave no answer, and agent:node3 lacked the permission to read"
    assert said in sentence(incident.unconfirmed)


async def test_a_node_of_which_nothing_can_be_read_at_all_is_named_with_its_agent() -> None:
    world = await confirmed_world()
    incident = await then_reads(world, evidence(node("node1"), silent("node2"), silent("node3")))
    assert incident.unconfirmed
    assert incident.unconfirmed.cause == RootCause.QUORUM_LOSS
    assert "node2, agent:node2, node3 and agent:node3 gave no answer" in sentence(incident.unconfirmed)


async def test_what_was_found_before_a_run_is_no_word_on_how_things_are_after_it() -> None:
    world = await confirmed_world()
    (offer,) = (await world.timelines.load("inc-1")).offers
    begun = await confirmed(world, offer.handle)
    assert begun.last_sure is None


async def test_a_timeline_from_before_says_nothing_of_it() -> None:
    world = await confirmed_world()
    events = world.timelines.events["inc-1"]
    assert "unconfirmed" not in events[-1].model_dump_json()
    assert fold("inc-1", events).unconfirmed is None
