"""What ails a node from inside shows outside as it would on a real one, and ends when it is healed."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lab.cluster.cluster import Lab
from lab.layout import Address
from lab.live import heal, inside
from lab.node.condition import Condition
from lab.node.tracing import TracingLog
from lab.node.write_ahead_log import WriteAheadLog

pytestmark = pytest.mark.process

Wait = Callable[[Lab], Awaitable[None]]
Connect = Callable[[Address], Awaitable[str]]
Becomes = Callable[..., Awaitable[None]]
RunCommand = Callable[..., Awaitable[tuple[int, str]]]


def logged(lab: Lab, name: str, pattern: str) -> list[str]:
    return re.findall(pattern, lab.node(name).log_file.read_text())


async def test_a_node_that_keeps_ending_is_started_again_as_systemd_does(
    lab: Lab, run_command: RunCommand, becomes: Becomes
):
    service = lab.services["node3"]
    service.restart_on_failure(functools.partial(lab.start_node, "node3"), 0.5)
    await inside.ail(Condition(ends_after_s=1.0), "node3")(lab)

    async def shown() -> tuple[str, str]:
        names = ("ActiveState", "Result")
        _, printed = await run_command(
            lab.nodes[2], "systemctl", "show", "neumann", f"--property={','.join(names)}"
        )
        values = dict(line.split("=") for line in printed.splitlines())
        return values["ActiveState"], values["Result"]

    await becomes(shown, ("activating", "signal"))
    await becomes(shown, ("active", "success"))  # systemd forgets the last end when the next life begins
    _, printed = await run_command(lab.nodes[2], "systemctl", "show", "neumann", "--property=NRestarts")
    assert int(printed.removeprefix("NRestarts=")) >= 1

    await heal(lab)
    pid, restarts = service.pid, service.restarts
    await asyncio.sleep(1.5)
    assert (service.pid, service.restarts) == (pid, restarts)


async def test_a_leader_whose_raft_died_goes_on_claiming_its_old_term(lab: Lab, becomes: Becomes):
    await inside.kill_raft_of_leader(lab)

    async def how_many_claim() -> int:
        return len(await lab.claims())

    await becomes(how_many_claim, 2)
    (old, dead), (new, _) = await lab.claims()
    assert old < new
    assert (old, dead) in await lab.claims()


async def test_ids_beside_the_wrong_addresses_are_refused_by_who_dialled(lab: Lab, has_no_leader: Wait):
    await inside.swap_peer_ids("node2", "node3")(lab)
    await has_no_leader(lab)
    assert logged(lab, "node3", r"peer ID mismatch: expected node1, got node2")
    assert not logged(lab, "node1", r"peer ID mismatch")


async def test_expired_certificates_fail_the_handshake_and_not_the_connect(
    lab: Lab, has_no_leader: Wait, connect: Connect
):
    await inside.expire_certificates("node2", "node3")(lab)
    await has_no_leader(lab)
    assert logged(lab, "node1", r"TLS handshake failed: invalid peer certificate: Expired")
    assert await connect(lab.layout.links["node1", "node2"].raft) == "open"


async def test_a_laggard_that_stands_alone_is_denied_for_its_log(lab: Lab, has_no_leader: Wait):
    await inside.leave_a_laggard_standing(lab)
    await has_no_leader(lab)
    denials = [
        logged(lab, node.name, r"Vote denied .* log_ok=false candidate_healthy=true") for node in lab.nodes
    ]
    assert sum(map(bool, denials)) >= 1


def test_a_write_is_tried_three_times_and_then_refused_with_what_needed_it(tmp_path: Path):
    failures = 0
    log = TracingLog(tmp_path / "log", "text", lambda: 0.0)
    wal = WriteAheadLog(tmp_path, log, lambda: Condition(wal_failures=failures))
    assert wal.takes()
    assert not (tmp_path / "log").read_text()
    failures = 2
    assert wal.takes("vote grant")
    assert (tmp_path / "log").read_text().count("WAL persist failed, retrying attempt=") == 2
    failures = 3
    assert not wal.takes("vote grant")
    log.close()
    *_, after, during = (tmp_path / "log").read_text().splitlines()
    assert "ERROR tensor_chain::raft: WAL persist failed after 3 attempts: I/O error" in after
    assert "ERROR tensor_chain::raft: WAL persist failed during vote grant: I/O error" in during
