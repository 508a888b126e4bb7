"""A node whose log does not fit the leader's says from where it needs entries."""

from typing import Any

from lab.node.state import State


class Transport:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, _node: str, message: dict[str, Any]) -> None:
        self.sent.append(message)


def test_after_a_storm_a_leader_sends_all_that_is_not_committed_at_once() -> None:
    """Its own entries of 400 lost elections are not gone through one heartbeat at a time."""
    state, transport = object.__new__(State), Transport()
    state._SyncObj__raftCommitIndex, state._SyncObj__transport = 7, transport
    state._SyncObj__sendNextNodeIdx("leader", nextNodeIdx=400, success=False, reset=True)
    state._SyncObj__sendNextNodeIdx("leader", nextNodeIdx=412, success=True)
    assert [message["next_node_idx"] for message in transport.sent] == [8, 412]
