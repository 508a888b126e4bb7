"""No order of events makes the bot break a promise; where one of its guards is away, it is found."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from bot.nodes.agent_client import AgentClient
from bot.store import scripts
from bot.store.run_lock import RunLocks
from handlers.domain import next_step
from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.ports import Fence, HeldBy, Ports
from handlers.remediation import propose, run, second_approval
from measure.invariants.running import run_machine
from measure.invariants.witness import Broken

RUNS, MUTANT_RUNS, STEPS = 60, 400, 40


def test_no_order_of_events_breaks_a_promise(redis_url: str) -> None:
    tally = run_machine(redis_url, runs=RUNS, steps=STEPS)
    assert tally["effects"] > RUNS / 4, "much was done to nodes, and each time rightly"


async def _nothing(*_: Any, **__: Any) -> None:
    """A guard that is never in the way."""


def _without_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are added wherever the timeline ends."""
    compare = "if here ~= before or noted ~= before then return 0 end"
    read = scripts.source
    assert compare in read("timeline_append")
    monkeypatch.setattr(scripts, "source", lambda name: read(name).replace(compare, ""))


def _random_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AgentClient, "action_id", lambda _self, _order: secrets.token_hex(32))


def _gate_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "gate", _nothing)


def _unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "why_not", lambda *_: None)


def _anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_only(ports: Ports, _incident: Incident, by: Person, *_: Any, **__: Any) -> None:
        await ports.directory.member(by)

    for module in (propose, second_approval):
        monkeypatch.setattr(module, "check_person", ask_only)


def _asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "check_person", _nothing)


def _unknown_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(of: Any) -> bool:
        return any(a.finished and a.finished.state not in ("done", "unknown") for a in of.actions.values())

    monkeypatch.setattr(next_step, "_has_failed", failed)


def _one_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = RunLocks.begin

    async def always_one(*args: Any, **kwargs: Any) -> Fence | HeldBy:
        taken = await begin(*args, **kwargs)
        return Fence(1) if isinstance(taken, Fence) else taken

    monkeypatch.setattr(RunLocks, "begin", always_one)


MUTANTS: dict[Callable[[pytest.MonkeyPatch], None], set[int]] = {
    _random_names: {1, 8},
    _anybody: {2},
    _asked_once: {2},
    _unbound: {3},
    _gate_open: {4},
    _one_fence: {5},
    _unknown_again: {6},
    _without_compare: {2, 5, 7},
}


@pytest.mark.slow
@pytest.mark.parametrize(("mutate", "promises"), MUTANTS.items(), ids=[m.__name__ for m in MUTANTS])
def test_without_a_guard_the_promise_it_keeps_is_seen_to_break(
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    promises: set[int],
) -> None:
    mutate(monkeypatch)
    with pytest.raises(Broken) as broken:
        run_machine(redis_url, runs=MUTANT_RUNS, steps=STEPS)
    assert broken.value.promise in promises
