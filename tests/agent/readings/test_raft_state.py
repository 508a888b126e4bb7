"""Role and term as the page shows them, in each shape that Neumann's documents have."""

from __future__ import annotations

import pytest

from agent.errors import ReadingError
from agent.protocol import Raft
from agent.readings.raft_state import parse_raft

TERM = "tensor_chain_term 7\n"
ONE_HOT = """\
tensor_chain_raft_state{state="follower"} 0
tensor_chain_raft_state{state="candidate"} 0
tensor_chain_raft_state{state="leader"} 1
"""


@pytest.mark.parametrize(
    "page",
    [
        ONE_HOT + TERM,
        'tensor_chain_raft_state{state="leader"} 1.0\n' + TERM,
        'tensor_chain_raft_state{node="node1",raft_state="Leader"} 1 1700000000000\n' + TERM,
        'tensor_chain_raft_state{node="a,state=\\"follower\\"", state="LEADER"} 1\n' + TERM,
        'tensor_chain_raft_state 2\ntensor_chain_term{node="node1"} 7.0\n',
        "tensor_chain_terms_seen 9\ntensor_chain_raft_state_changes 4\n" + ONE_HOT + TERM,
    ],
)
def test_a_leader_of_term_7_is_read(page: str):
    assert parse_raft(page) == Raft(role="leader", term=7)


def test_each_number_is_a_role():
    roles = [parse_raft(f"tensor_chain_raft_state {number}\n{TERM}").role for number in range(3)]
    assert roles == ["follower", "candidate", "leader"]


@pytest.mark.parametrize(
    "page",
    [
        "",
        TERM,
        ONE_HOT,
        ONE_HOT + TERM + "tensor_chain_term 8\n",
        ONE_HOT.replace(" 1", " 0") + TERM,
        ONE_HOT.replace(" 0", " 1") + TERM,
        "tensor_chain_raft_state 3\n" + TERM,
        "tensor_chain_raft_state NaN\n" + TERM,
        'tensor_chain_raft_state{state="leader"} 1\ntensor_chain_raft_state{state="follower"} +Inf\n' + TERM,
        'tensor_chain_raft_state{state="observer"} 1\n' + TERM,
        ONE_HOT + "tensor_chain_term -1\n",
    ],
)
def test_what_leaves_a_doubt_is_no_reading(page: str):
    with pytest.raises(ReadingError):
        parse_raft(page)
