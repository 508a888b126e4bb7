"""Whoever may only read reaches nothing that acts or writes, whatever is asked."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from bot.config.read_only import Scope
from bot.web.api.operations import OPERATIONS, Asked
from handlers.ports import ReadOnlyPorts
from handlers.ports.reading import ReadClusters, ReadHistory, ReadIncidents, ReadPostures
from tests.handlers.story import diagnosed_world, quorum_lost
from tests.handlers.world import World

NAMES = {"incident": "inc-1", "cluster": "demo"}


def methods(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


class Only:
    """Another object, of which nothing may be touched but what a Protocol names."""

    def __init__(self, inside: object, protocol: type) -> None:
        self._inside, self._names = inside, methods(protocol)

    def __getattr__(self, name: str) -> Any:
        assert name in self._names, f"{name} is touched, which is no part of reading"
        return getattr(self._inside, name)


def narrowed(world: World) -> ReadOnlyPorts:
    inside: Mapping[str, Any] = {
        "timelines": Only(world.timelines, ReadIncidents),
        "past": Only(world.timelines, ReadHistory),
        "reader": Only(world.cluster, ReadClusters),
        "postures": Only(world.postures, ReadPostures),
    }
    return ReadOnlyPorts(**inside)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
async def test_no_resource_acts_on_a_node_or_writes_anything(operation: Any):
    world = await diagnosed_world()
    before = copy.deepcopy((world.timelines, world.postures))
    name = next((value for key, value in NAMES.items() if f"{{{key}}}" in operation.path), "")
    await operation.run(narrowed(world), Asked(name, operation.query()))
    assert (world.agents.effects, world.agents.ledger) == ([], {})
    assert (world.timelines, world.postures) == before
    assert world.cluster.shows == quorum_lost()


def test_what_reads_has_no_port_that_acts():
    assert {field.name for field in fields(ReadOnlyPorts)} == {"timelines", "past", "reader", "postures"}
    reading = {"load", "timeline", "open_incidents", "released_within", "samples", "standing", "mutes"}
    reading |= {"clusters", "read", "inventory", "sample_metrics"}
    ports = (ReadIncidents, ReadHistory, ReadClusters, ReadPostures)
    assert set().union(*map(methods, ports)) == reading


def test_each_resource_is_asked_through_those_ports_alone():
    for operation in OPERATIONS:
        first = next(iter(inspect.signature(operation.run).parameters))
        assert get_type_hints(operation.run)[first].__name__ == "ReadPorts"


def test_every_scope_is_one_of_reading():
    assert all(scope.value.endswith(":read") for scope in Scope)
    assert {operation.scope for operation in OPERATIONS} == set(Scope)
