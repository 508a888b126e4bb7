"""What a watch makes of its looks at a pod, on a clock that is played."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from agent.actions import successor
from agent.actions.case import Case
from agent.actions.ledger import Ledger
from agent.actions.successor import Begun, see_through
from agent.protocol import LedgerState, NodeState, Pod, RestartService
from agent.readings.reader import NodeReader
from agent.settings import Kubernetes, Settings
from tests.agent.bed import settings_from

LOOK_TAKES_S = 40.0
WAS = Pod(name="neumann-0", uid="old", ready=True)
GOING = replace(WAS, ready=False, trouble="terminating")
PENDING = replace(WAS, uid="new", ready=False, trouble="pending")
UNREAD = UNSET


class PlayedReader(NodeReader):
    """Sees one pod after the other, and the last one for ever; each look takes its time."""

    def __init__(self, settings: Settings, *pods: Pod | UnsetType) -> None:
        super().__init__(settings)
        self.pods = list(pods)
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    async def state(self, *_parts: Any) -> NodeState:
        self.now_s += LOOK_TAKES_S
        return NodeState(boot_id="b", pod=self.pods.pop(0) if len(self.pods) > 1 else self.pods[0])


class Noted(Ledger):
    """Keeps the end that is recorded."""

    def __init__(self) -> None:
        self.ends: list[LedgerState] = []

    def finish(self, _action_id: str, state: LedgerState, _detail: str, _after: NodeState | None) -> None:
        self.ends.append(state)


@pytest.fixture
def settings(settings_document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of an agent in a pod, which may take 100 s until it is ready."""
    monkeypatch.setattr(successor, "LOOK_EVERY_S", 0)
    section = Kubernetes(pod="neumann-0", config_map="neumann-0", config_key="k", ready_within_s=100.0)
    yield replace(settings_from(settings_document), kubernetes=section)


@pytest.mark.parametrize(
    ("pods", "end"),
    [
        ((PENDING, PENDING, UNREAD, PENDING), "NOT_DONE"),
        ((GOING, GOING, GOING, GOING, UNREAD, PENDING), "NOT_DONE"),
        ((UNREAD, UNREAD, PENDING), "NOT_DONE"),
        ((PENDING, UNREAD), "UNKNOWN"),
        ((UNREAD,), "UNKNOWN"),
    ],
    ids=["one look is lost", "one after a long end", "seen in time", "never seen again", "never seen"],
)
async def test_only_a_pod_that_is_out_of_sight_for_long_is_unknown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, pods: tuple[Pod | UnsetType, ...], end: LedgerState
):
    reader, ledger = PlayedReader(settings, *pods), Noted()
    monkeypatch.setattr(successor, "time", reader)
    agreed = NodeState(boot_id="b", service_state="active", pod=WAS)
    await see_through(reader, ledger, [Begun("a" * 64, Case(settings, RestartService(), agreed))])
    assert ledger.ends == [end]
