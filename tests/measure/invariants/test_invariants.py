"""No order of events makes the bot break a promise; where one of its guards is away, it is found."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from bot.nodes.agent_client import AgentClient
from bot.store import scripts
from bot.store.run_lock import RunLocks
from handlers.domain.events.base import Person
from handlers.domain.incident import Incident
from handlers.ports import Fence, HeldBy, Order, Ports
from handlers.remediation import obstacles, propose, run, second_approval
from measure.invariants.actors import Actor
from measure.invariants.clock import Clock
from measure.invariants.cluster import Cluster
from measure.invariants.effects import Grant, Seen
from measure.invariants.running import run_machine
from measure.invariants.witness import Broken, Witness
from runbooks.plans import Action
from tests.builders import ALICE

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
    monkeypatch.setattr(obstacles, "gate", _nothing)


def _unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "obstacle_on_node", lambda *_: None)


def _anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_only(ports: Ports, _incident: Incident, by: Person, *_: Any, **__: Any) -> None:
        await ports.directory.member(by)

    for module in (propose, second_approval):
        monkeypatch.setattr(module, "check_person", ask_only)


def _asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "check_person", _nothing)


def _one_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = RunLocks.begin

    async def always_one(*args: Any, **kwargs: Any) -> Fence | HeldBy:
        taken = await begin(*args, **kwargs)
        return Fence(1) if isinstance(taken, Fence) else taken

    monkeypatch.setattr(RunLocks, "begin", always_one)


MUTANTS: dict[Callable[[pytest.MonkeyPatch], None], set[int]] = {
    _random_names: {1, 5, 8},  # by another name, what an older run had granted is not voided
    _anybody: {2},
    _asked_once: {2},
    _unbound: {3},
    _gate_open: {4},
    _one_fence: {5},
    _without_compare: {2, 5, 7},
}


def test_what_is_unknown_and_sent_again_is_seen() -> None:
    """Three guards keep this promise, the ledger last, so the machine cannot break it by leaving one out."""
    clock = Clock()
    cluster = Cluster(clock, ("node1", "node2", "node3"))
    witness = Witness(clock, cluster, second_required=False)
    order = Order(
        cluster="demo",
        incident="inc-1",
        generation=1,
        fence=1,
        action=Action(type="restart_service", node="node1"),
        confirmed_by=ALICE.id,
        approved_by=None,
        after_sha256=None,
        position=1,
        mac="",
    )
    seen = Seen(boot_id="b", sha256="s", active=True, pid=1, offset_ms=0.0)
    grant = Grant(order, action_id="a", nonce="n", agreed=seen, sent_s=0.0, read=None)
    witness.history.unknown["inc-1", "a"] = clock.s
    clock.pass_s(1.0)
    with contextlib.closing(_nothing()) as call, pytest.raises(Broken) as broken:
        witness.was_sent(grant, Actor("A", call, clock.s))
    assert broken.value.promise == 6


@pytest.mark.parametrize("mutate", MUTANTS, ids=[m.__name__ for m in MUTANTS])
def test_every_guard_is_where_it_is_taken_away(
    monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutate(monkeypatch)


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
        for seed in (None, 0, 1, 2):
            run_machine(redis_url, runs=MUTANT_RUNS, steps=STEPS, seed_=seed)
    assert broken.value.promise in promises
