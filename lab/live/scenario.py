"""A live scenario: what is done to a running lab, and what is then wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from lab.cluster.cluster import Lab, NetworkKind
from lab.cluster.disks import resize_disk
from lab.cluster.namespaces import NamespaceNetwork
from lab.node.condition import SOUND, write_condition
from lab.scenarios.fault import buttons
from lab.scenarios.scenario import Family, Truth

Step = Callable[[Lab], Awaitable[None]]
Sight = Literal["clear", "leader_unseen", "all_unseen"]
"""Whose metrics pages the observer cannot reach, while everything between the nodes is as it was."""

Wants = Literal["start_service", "clock_sync"]

ANY_NETWORK: frozenset[NetworkKind] = frozenset(get_args(NetworkKind))


async def heal(lab: Lab) -> None:
    """Undo whatever a live scenario can have done: to links, clocks, disks, files and processes."""
    lab.network.set_mode("open")
    lab.network.set_delay(0.0)
    lab.network.set_loss(0.0)
    for node in lab.nodes:
        if isinstance(lab.network, NamespaceNetwork):
            lab.network.set_host_up(node.name, up=True)
        lab.node(node.name).set_clock_offset_ms(0.0)
        write_condition(node.folder, SOUND)
        if lab.disk_mib is not None:
            resize_disk(node.data_folder, lab.disk_mib)
        lab.services[node.name].restart_on_failure(None)
        lab.thaw(node.name)
        is_changed = node.config_file.read_text() != lab.configs[node.name]
        if is_changed or lab.services[node.name].restarts:  # one in a loop may be about to end
            node.config_file.write_text(lab.configs[node.name])
            await lab.stop_node(node.name)
        await lab.start_node(node.name)
    for agent in lab.agents.values():
        await agent.start()


@dataclass(frozen=True)
class LiveScenario:
    """One fault, made on real processes.

    Args:
        name: What it is called on the command line.
        number: Its number in the fault catalogue, 0 for none.
        family: Which family of generated scenarios it belongs to.
        truth: What is wrong, and which actions may be offered against it.
        inject: Makes the fault.
        settle_s: How long until all of the fault shows, in seconds.
        node_count: How many nodes the lab must have.
        sight: What the observer can see of the metrics pages.
        is_led: Whether somebody leads all the same.
        networks: On which kinds of network it can be played, and comes to what the truth says.
        disk_mib: How large a file system of its own each node's data needs, in MiB; that needs root.
        wants: What the remedy does to whom it concerns, where chance says who that is: it starts whoever was
            stopped, or steps every clock that is off.
        heal: Undoes the fault; a leader must then come back.
    """

    name: str
    number: int
    family: Family
    truth: Truth
    inject: Step
    settle_s: float
    node_count: int = 3
    sight: Sight = "clear"
    is_led: bool = False
    networks: frozenset[NetworkKind] = ANY_NETWORK
    disk_mib: int | None = None
    wants: Wants | None = None
    heal: Step = heal

    def played_in(self, lab: Lab) -> LiveScenario:
        """Return the scenario with its whole truth, once the fault is made."""
        if self.wants is None:
            return self
        concerned = {
            "start_service": (node.name for node in lab.nodes if not lab.is_running(node.name)),
            "clock_sync": (node.name for node in lab.nodes if lab.node(node.name).clock_offset_ms),
        }
        wanted = buttons(self.wants, concerned[self.wants])
        return replace(self, truth=replace(self.truth, wanted=wanted))
