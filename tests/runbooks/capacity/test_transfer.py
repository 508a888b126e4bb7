"""When the leader's disk is full soon, the leadership is offered to a follower; in any doubt it is not."""

from __future__ import annotations

from typing import Any

import pytest

from runbooks import capacity
from runbooks.capacity.transfer import HAND_ON
from runbooks.evidence import Disk, Evidence, History, NodeEvidence, Role
from runbooks.model import Remedy
from tests.builders import dead, known, late, missing, silent
from tests.runbooks.capacity.hosts import GIB, MIB, cluster, disk, filling, gib_a_day, host

OFFERED = known(("clock_sync", "transfer_leadership"), by="agent:node1")
SOUND = filling(0.01)
SOON = filling(12, log=11)


def leader(free_gib: float = 6, history: History = SOON, **changes: Any) -> NodeEvidence:
    return host("node1", free_gib=free_gib, history=history, **{"actions": OFFERED, **changes})


def follower(name: str, free_gib: float = 50, **changes: Any) -> NodeEvidence:
    return host(name, **{"free_gib": free_gib, "history": SOUND, **changes})


def filling_leader(**changed: NodeEvidence) -> Evidence:
    """The disk of node1, which leads, is full in half a day; node3 has most room."""
    sound = {"node1": leader(), "node2": follower("node2"), "node3": follower("node3", 60)}
    return cluster(*(sound | changed).values())


def remedy(read: Evidence) -> Remedy | None:
    found = [r for f in capacity.diagnose(read).findings for r in f.remedies if r.name == HAND_ON]
    return found[0] if found else None


@pytest.mark.parametrize(
    "history", [filling(12, log=11), filling(12, data=11), filling(12)], ids=["log", "data", "others"]
)
def test_the_follower_with_most_room_is_to_lead(history: History) -> None:
    found = remedy(filling_leader(node1=leader(history=history)))
    assert found and found.offered, found
    (action,) = found.actions
    assert (action.type, action.node, action.to) == ("transfer_leadership", "node1", "node3")
    assert "node3 has the most room" in found.reason


def test_its_plan_shows_the_command_and_asks_for_two() -> None:
    read = filling_leader()
    found = remedy(read)
    assert found
    plan = capacity.plan(found, read)
    assert [step.shown for step in plan.steps] == ["neumann raft transfer-leadership --to node3"]
    assert plan.needs_second
    assert (plan.bound.leader, plan.bound.term) == ("node1", 7)
    assert "not undone" in plan.undo


def test_the_disk_is_still_for_people_to_mend() -> None:
    top = capacity.diagnose(filling_leader()).top
    assert [r.name for r in top.remedies] == [HAND_ON, "by_hand"]


@pytest.mark.parametrize(
    "read",
    [
        filling_leader(node1=leader(history=filling(5, log=4.5))),  # more than a day is left
        filling_leader(node1=leader(history=filling(0))),  # it does not become less
        filling_leader(node1=leader(history=History())),  # nobody knows
        filling_leader(node1=leader(free_gib=50)),  # there is room
        filling_leader(node1=leader(free_gib=0.05)),  # the log has stopped
        filling_leader(node1=leader(history=filling(12, log=4, data=8))),  # nothing takes most
        cluster(
            follower("node1"), host("node3", free_gib=6, history=SOON, actions=OFFERED)
        ),  # a follower fills
    ],
    ids=["a day", "steady", "no samples", "room", "stopped", "unexplained", "follower"],
)
def test_without_such_a_leader_nobody_speaks_of_it(read: Evidence) -> None:
    assert remedy(read) is None


def restless(error: float) -> History:
    return History(disk_span_s=3 * 86_400.0, free_bytes=gib_a_day(-0.5, error))


def test_a_disk_that_comes_and_goes_within_much_room_lasts() -> None:
    found = remedy(filling_leader(node3=follower("node3", 60, history=restless(3))))
    assert found and found.offered and found.actions[0].to == "node3"


def cut(name: str, peer: str) -> NodeEvidence:
    member = follower(name)
    connects = tuple(
        each.model_copy(update={"result": "timeout"}) if each.peer == peer else each
        for each in member.connects.value or ()
    )
    return member.model_copy(update={"connects": known(connects, by=f"agent:{name}")})


REFUSED: dict[str, tuple[Evidence, str]] = {
    "no command": (
        filling_leader(node1=leader(actions=known(("clock_sync",), by="agent:node1"))),
        "`commands.neumann` is not set",
    ),
    "an older agent": (filling_leader(node1=leader(actions=None)), "`commands.neumann` is not set"),
    "not read": (filling_leader(node1=leader(actions=late(by="agent:node1"))), "`commands.neumann`"),
    "minutes are left": (
        filling_leader(node1=leader(free_gib=0.2, history=filling(12, log=11))),
        "may stop within half an hour",
    ),
    "the smaller figure tells of minutes": (
        filling_leader(node1=leader(free_gib=0.3, disk=disk(110 * MIB), history=filling(8, log=8))),
        "may stop within half an hour",
    ),
    "a node is down": (filling_leader(node2=dead("node2")), "node2 is not known to follow in that term"),
    "a node is silent": (filling_leader(node2=silent("node2")), "node2 is not known to have room itself"),
    "a follower is full": (
        filling_leader(node2=follower("node2", 6)),
        "node2 is not known to have room itself",
    ),
    "nobody lasts": (
        filling_leader(
            node2=follower("node2", history=filling(12, log=11)), node3=follower("node3", history=History())
        ),
        "No follower is known to have room that lasts a week",
    ),
    "the page of all means a roomier disk than the log's": (
        filling_leader(
            node2=follower("node2", 200, disk=disk(12 * GIB), history=filling(3, log=3)),
            node3=follower("node3", 200, disk=disk(12 * GIB), history=filling(3, log=3)),
        ),
        "No follower is known to have room that lasts a week",
    ),
    "what comes and goes may hide that all fill": (
        filling_leader(
            node2=follower("node2", 20, history=restless(3)), node3=follower("node3", 20, history=restless(3))
        ),
        "No follower is known to have room that lasts a week",
    ),
    "the disk is not read": (
        filling_leader(node2=follower("node2", disk=missing("no agent", by="agent:node2"))),
        "not known whether the log of node2 has room",
    ),
    "read-only": (
        filling_leader(node2=follower("node2", disk=disk(50 * GIB, read_only=True))),
        "node2 is not known to have room itself",
    ),
    "a link is cut": (filling_leader(node2=cut("node2", "node3")), "The link node2 → node3"),
    "a follower lags": (
        filling_leader(node2=follower("node2", page={"commit_index": 60})),
        "node2 is not known to have caught up with node1",
    ),
    "another term": (
        filling_leader(node2=follower("node2", page={"term": 8})),
        "node1 is not known to lead, alone and in the highest term",
    ),
    "a second leader": (
        filling_leader(node2=follower("node2", page={"role": Role.LEADER, "term": 6})),
        "node1 is not known to lead, alone and in the highest term",
    ),
    "a candidate": (
        filling_leader(node2=follower("node2", page={"role": Role.CANDIDATE})),
        "node2 is not known to follow in that term",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_in_any_doubt_it_is_refused_and_says_why(why: str) -> None:
    read, words = REFUSED[why]
    found = remedy(read)
    assert found is not None
    assert (found.offered, found.actions) == (False, ())
    assert words in found.reason


def test_a_page_and_an_agent_that_see_different_disks_confirm_nothing() -> None:
    other = Disk(path="/d", free_bytes=200 * GIB, total_bytes=400 * GIB)
    assert remedy(filling_leader(node1=leader(disk=known(other, by="agent:node1")))) is None
