"""Handing the leadership on: refused unless this node leads the term agreed on, done once it follows."""

from __future__ import annotations

from typing import Any

import pytest

from agent.actions.case import Case
from agent.actions.kinds import ACTIONS
from agent.protocol import ActionReport, NodeState, Raft, RaftRole, Refusal, TransferLeadership
from agent.settings import Settings
from tests.agent.bed import PEERS, Bot, Connected, Node, settings_from

KIND = ACTIONS["transfer_leadership"]
TO_NODE2 = TransferLeadership(to="node2")


@pytest.fixture
def settings_document(settings_document: dict[str, Any]) -> dict[str, Any]:
    """The same, with other nodes to hand the leadership on to."""
    return settings_document | {"peers": PEERS}


@pytest.fixture
def whole(settings_document: dict[str, Any]) -> Settings:
    return settings_from(settings_document)


def raft(role: RaftRole, term: int) -> NodeState:
    return NodeState(boot_id="b", raft=Raft(role=role, term=term))


UNREAD = NodeState(boot_id="b")


@pytest.mark.parametrize(
    ("to", "agreed", "now", "words"),
    [
        ("node2", raft("leader", 7), raft("leader", 7), ""),
        ("node2", raft("leader", 7), raft("leader", 8), "leads term 8 now, not term 7"),
        ("node2", raft("follower", 7), raft("follower", 7), "is a follower; only a leader"),
        ("node2", raft("leader", 7), raft("candidate", 7), "is a candidate; only a leader"),
        ("node2", raft("leader", 7), UNREAD, "do not say which role"),
        ("node2", UNREAD, raft("leader", 7), "do not say which role"),
        ("node1", raft("leader", 7), raft("leader", 7), "node1 is no other node of this cluster"),
        ("node9", raft("leader", 7), raft("leader", 7), "node9 is no other node of this cluster"),
    ],
)
def test_it_is_refused(whole: Settings, to: str, agreed: NodeState, now: NodeState, words: str):
    found = KIND.why_not(Case(whole, TransferLeadership(to=to), agreed), now) or ""
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("after", "done", "words"),
    [
        (raft("follower", 8), True, "The node led term 7 and is a follower in term 8."),
        (raft("leader", 7), False, "The node led term 7 and leads term 7."),
        (raft("leader", 9), False, "The node led term 7 and leads term 9."),
        # Nobody was elected by that, or nobody yet.
        (raft("candidate", 8), None, "is a candidate in term 8."),
        (raft("follower", 7), None, "is a follower in term 7."),
        (UNREAD, None, "is in an unknown role."),
    ],
)
def test_it_is_done_once_the_node_follows_in_a_later_term(
    whole: Settings, after: NodeState, done: bool | None, words: str
):
    case = Case(whole, TO_NODE2, raft("leader", 7))
    assert KIND.judge(case, after) is done
    assert KIND.tell(case, after).endswith(words)


@pytest.mark.parametrize(
    ("later", "lasts"),
    [
        (raft("follower", 8), True),
        (raft("candidate", 9), True),
        (raft("leader", 9), False),
        (UNREAD, None),
    ],
)
def test_a_leader_that_comes_back_at_once_was_not_replaced(later: NodeState, lasts: bool | None):
    assert KIND.lasts and KIND.lasts(raft("follower", 8), later) is lasts


@pytest.mark.process
async def test_what_neumann_refuses_is_told_in_its_words_and_not_done(bot: Bot, node: Node):
    grant = await bot.grant(TO_NODE2)
    says = 'echo "Error: leadership transfer in progress" >&2; exit 1'
    (node.folder / "neumann").write_text(f"#!/bin/sh\n{says}\n")
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport) and report.state == "NOT_DONE"
    assert "leadership transfer in progress" in report.detail
    assert report.detail.endswith("The node led term 7 and leads term 7.")


@pytest.mark.process
async def test_a_leader_that_is_lost_is_not_called_done(bot: Bot, node: Node):
    node.set_raft("leader", 7, then=("candidate", 9))
    report = await bot.commit(await bot.grant(TO_NODE2))
    assert isinstance(report, ActionReport)
    assert (report.state, report.detail) == ("UNKNOWN", "The node led term 7 and is a candidate in term 9.")


@pytest.mark.process
async def test_a_leader_of_another_term_than_was_agreed_on_is_left_alone(bot: Bot, node: Node):
    grant = await bot.grant(TO_NODE2)
    node.set_raft("leader", 9, then=("follower", 10))
    assert await bot.commit(grant) == (409, "precondition")
    assert node.calls("neumann") == 0


@pytest.mark.process
async def test_a_node_that_does_not_lead_is_asked_in_vain(
    connected: Connected, settings: Settings, node: Node
):
    node.set_raft("follower", 7, then=("follower", 7))
    async with connected(settings) as bot:
        refusal = await bot.prepare(TO_NODE2)
    assert isinstance(refusal, Refusal) and "only a leader hands the leadership on" in refusal.detail
