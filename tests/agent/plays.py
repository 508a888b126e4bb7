"""How each action is played on the stand-in node: a new one adds its row, and the whole kit runs over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.protocol import (
    Action,
    ClockSync,
    RestartService,
    SetElectionTimeouts,
    StartService,
    TransferLeadership,
)
from tests.agent.bed import CONFIG, Node


@dataclass(frozen=True)
class Play:
    """One action on the stand-in node.

    Args:
        action: An example of it, within its bounds.
        ready: Brings the node into the state in which it is called for.
        runs: What it runs, as the stand-ins write it down; nothing where it only writes the file.
    """

    action: Action
    ready: Callable[[Node], object] = lambda _node: None
    runs: Callable[[Action], str] = lambda _action: ""


def _stopped(node: Node) -> None:
    node.set_service("inactive", 0, then=("active", 101))


PLAYS: dict[str, Play] = {
    play.action.type: play
    for play in (
        Play(RestartService(), runs=lambda _: "systemctl restart neumann"),
        Play(ClockSync(), runs=lambda _: "chronyc makestep"),
        Play(SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)),
        Play(StartService(), _stopped, runs=lambda _: "systemctl start neumann"),
        Play(
            TransferLeadership(to="node2"),
            runs=lambda action: f"neumann raft transfer-leadership --to {getattr(action, 'to', '')}",
        ),
    )
}


def make_ready(node: Node, name: str) -> Action:
    """Bring a node into the state in which an action is called for; return the action."""
    node.set_clock(ahead_s=2.4, after_step_s=0.0004)
    node.set_service("active", 100, then=("active", 101))
    node.set_raft("leader", 7, then=("follower", 8))
    node.config.write_text(CONFIG)
    PLAYS[name].ready(node)
    return PLAYS[name].action
