"""Bind a plan to the evidence that it was drawn up on."""

from __future__ import annotations

from runbooks.evidence import Evidence
from runbooks.model import UNDO, Remedy
from runbooks.planning.node_check import leadership
from runbooks.plans import Binding


def bound_to(evidence: Evidence, remedy: Remedy, *, with_files: bool = False) -> Binding:
    """Return what must still be so when the remedy is carried out.

    Args:
        evidence: What the remedy was offered on.
        remedy: The remedy; its nodes' boots are bound, and their pods. Not those of an undo: the run that it
            puts back has made pods anew, and a node may have booted since; what it puts back is in the
            node's ledger, which looks whether the file is still the one that was written.
        with_files: Whether its nodes' configuration files are bound as well, since it changes them.
    """
    lead = leadership(evidence)
    nodes = [evidence.node(name) for name in dict.fromkeys(action.node for action in remedy.actions)]
    services = {} if remedy.name == UNDO else {n.node: n.service.value for n in nodes if n.service.value}
    files = {node.node: node.config.value.sha256 for node in nodes if with_files and node.config.value}
    return Binding(
        evidence_at=evidence.started_at,
        leader=lead.leader if lead.majority else None,
        term=lead.term,
        config_sha256=files,
        pods={name: service.pod.uid for name, service in services.items() if service.pod},
        boot_ids={name: service.boot_id for name, service in services.items() if service.boot_id},
    )
