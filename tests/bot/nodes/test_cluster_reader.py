"""A reading of a cluster has every node in it: what could be read, and why the rest could not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.protocol import Health, Refusal
from bot import clients
from bot.config import Cluster, Node, ReadingSettings, Settings
from bot.config import load as load_settings
from bot.nodes.agent_connection import AgentTimedOutError
from bot.nodes.cluster_reader import ClusterReader
from handlers.errors import UnknownCluster
from lab.cluster.cluster import Lab
from lab.node.clock import read_offset_ms, write_offset_ms
from runbooks.clocks import believed_clocks
from runbooks.evidence import Evidence, NodeEvidence, Reading, Role
from runbooks.missing_kind import MissingKind
from tests.bot.conftest import Becomes, WriteConfig
from tests.bot.web.serving import Talk, hang, page, reset, serve, talk
from tests.waiting import until

DEADLINES = ReadingSettings(metrics_deadline_s=1.0, agent_deadline_s=4.0, sample_gap_s=0.05)
NOBODY = "https://127.0.0.1:1"
METRICS = 'tensor_chain_raft_state{state="leader"} 1\ntensor_chain_term 4\n'


@pytest.fixture
def settings(write_config: WriteConfig) -> Settings:
    return load_settings(write_config()).model_copy(update={"readings": DEADLINES})


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[ClusterReader]:
    async with clients.reader(settings) as (clusters, _):
        yield clusters


async def read_node(settings: Settings, metrics_url: str, agent_url: str = NOBODY) -> NodeEvidence:
    """One node at these addresses, beside one that is well."""
    good = settings.clusters[0].nodes[0].model_copy(update={"agent_url": NOBODY})
    odd = Node(name="odd", metrics_url=metrics_url, agent_url=agent_url)
    cluster = Cluster(name="demo", nodes=(good, odd))
    async with clients.reader(settings.model_copy(update={"clusters": (cluster,)})) as (clusters, _):
        evidence = await clusters.read("demo")
    assert evidence.node(good.name).metrics.value is not None, "the others' readings do not suffer"
    return evidence.node("odd")


async def answering(parts: AsyncExitStack, how: Talk) -> str:
    return await parts.enter_async_context(talk(how))


@pytest.mark.process
async def test_a_whole_cluster_is_read_with_nothing_missing(reader: ClusterReader, lab: Lab) -> None:
    led_before = await lab.leader()
    evidence = await reader.read("demo")
    assert evidence.names == ("node1", "node2", "node3")
    for node in evidence.nodes:
        readings = {name: reading for name, reading in node if isinstance(reading, Reading)}
        missing = {name: reading.missing for name, reading in readings.items() if reading.missing}
        assert missing == {}
        assert {connect.result for connect in node.connects.value or ()} == {"open"}
        assert node.metrics_again.at > node.metrics.at
        assert (node.metrics.by, node.clock.by) == ("bot", f"agent:{node.node}")
    (leader,) = [
        node.node
        for node in evidence.nodes
        if node.newest_metrics and node.newest_metrics.role is Role.LEADER
    ]
    assert leader in (led_before, await lab.leader()), "on a busy machine it may have changed meanwhile"
    assert Evidence.model_validate_json(evidence.model_dump_json()) == evidence, "it is kept as JSON"


@pytest.mark.process
async def test_a_clock_that_jumped_is_seen_though_chrony_vouches_for_it(
    reader: ClusterReader, lab: Lab
) -> None:
    """A VM that was paused: until chronyd's next poll its word is that of before."""
    folder = lab.node("node1").folder
    chronyc, before = folder / "bin" / "chronyc", read_offset_ms(folder)
    script = chronyc.read_text()
    now = subprocess.run([chronyc, "-c", "tracking"], capture_output=True, text=True, check=True).stdout
    try:
        write_offset_ms(folder, before - 20_000)
        chronyc.write_text(f"#!/bin/sh\necho '{now.strip()}'\n")
        evidence = await reader.read("demo")
    finally:
        chronyc.write_text(script)
        write_offset_ms(folder, before)
    looks = {node.node: node.wall_clock.value for node in evidence.nodes if node.wall_clock}
    assert looks["node1"] and -20_100 < looks["node1"].ahead_ms - before < -19_900
    assert looks["node2"] and looks["node2"].error_ms < 500
    vouched = evidence.node("node1").clock.value
    assert vouched and vouched.synchronised and abs(vouched.offset_ms) < 100
    believed = believed_clocks(evidence)
    assert abs(believed["node1"].offset_ms) + believed["node1"].error_ms > 19_000, "so it is not ruled out"
    assert believed["node2"] == evidence.node("node2").clock.value


async def test_a_look_is_one_sample_of_each_node(reader: ClusterReader) -> None:
    async def settled() -> bool:
        samples = await reader.sample_metrics("demo")
        roles = [metrics.role for metrics in samples.values() if metrics]
        return sorted(filter(None, roles)) == [Role.FOLLOWER, Role.FOLLOWER, Role.LEADER]

    await until(settled, "one leader and two followers in one look")


async def test_a_storm_of_alerts_costs_a_cluster_one_reading(reader: ClusterReader) -> None:
    first, *others = await asyncio.gather(*(reader.read_lately("demo") for _ in range(5)))
    assert all(other is first for other in others)
    assert first.complete
    assert await reader.read("demo") is not first


async def test_an_unknown_cluster_is_refused(reader: ClusterReader) -> None:
    assert reader.clusters == ("demo",)
    for call in (reader.read("prod"), reader.sample_metrics("prod")):
        with pytest.raises(UnknownCluster, match="prod"):
            await call


@pytest.mark.process
async def test_a_dead_process_is_refused_by_its_node_and_told_by_its_agent(
    reader: ClusterReader, lab: Lab, becomes: Becomes
) -> None:
    await lab.kill("node2")
    try:
        node = (await reader.read("demo")).node("node2")
        assert node.metrics.missing == node.health.missing
        assert node.metrics.missing in ("connection refused", "cannot connect")
        assert node.service.value
        assert node.service.value.state == "failed"
        assert (await reader.sample_metrics("demo"))["node2"] is None
    finally:
        await lab.start_node("node2")
        await becomes(lab.leader)


async def test_a_port_where_nothing_listens_is_told_from_a_host_that_is_away(settings: Settings) -> None:
    metrics = (await read_node(settings, "http://127.0.0.1:1")).metrics
    assert (metrics.missing, metrics.kind) == ("connection refused", MissingKind.REFUSED)


async def test_a_frozen_process_is_told_from_a_dead_one(
    reader: ClusterReader, lab: Lab, becomes: Becomes
) -> None:
    lab.freeze("node3")
    try:
        node = (await reader.read("demo")).node("node3")
        assert node.metrics.missing == "no answer within 1 s"
        assert node.service.value
        assert node.service.value.state == "active"
    finally:
        lab.thaw("node3")
        await becomes(lab.leader)


async def test_an_endpoint_that_hangs_costs_its_deadline_and_no_more(
    settings: Settings, parts: AsyncExitStack
) -> None:
    url = await answering(parts, hang)
    started = time.monotonic()
    node = await read_node(settings, url)
    took_s = time.monotonic() - started
    assert node.metrics.missing == node.metrics_again.missing == "no answer within 1 s"
    assert node.health.missing == "no answer within 1 s"
    assert node.metrics.kind is node.metrics_again.kind is node.health.kind is MissingKind.TIMEOUT
    # Two samples, one after the other, the agents' pings beside them; and a second for a busy machine.
    assert took_s < max(2 * DEADLINES.metrics_deadline_s, DEADLINES.agent_deadline_s) + 1


async def test_a_trickle_does_not_stretch_the_deadline(settings: Settings, parts: AsyncExitStack) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"#")
            await writer.drain()
            await asyncio.sleep(0.05)

    node = await read_node(settings, await answering(parts, trickle))
    assert node.metrics.missing == "no answer within 1 s"


async def test_an_agent_that_hangs_is_a_reason_too(settings: Settings, parts: AsyncExitStack) -> None:
    quick = settings.model_copy(update={"readings": DEADLINES.model_copy(update={"agent_deadline_s": 0.4})})
    node = await read_node(quick, await answering(parts, page(METRICS)), await answering(parts, hang))
    assert node.clock.missing == node.pings.missing == "the agent gave no answer within 0.4 s"
    assert node.clock.kind is node.local_metrics.kind is MissingKind.TIMEOUT
    assert node.metrics.value is not None


PAGES: dict[str, tuple[Talk, str]] = {
    "HTML": (page("<!doctype html><h1>Neumann</h1>", "text/html"), "HTML"),
    "HTML that says it is text": (page("<html></html>"), "HTML"),
    "empty": (page(""), "no tensor_chain_ metric"),
    "another exporter": (page("up 1\n"), "no tensor_chain_ metric"),
    "not found": (page("nothing here", status="404 Not Found"), "404"),
    "an error": (page("oh", status="500 Internal Server Error"), "500"),
    "too large": (page("#" * 512_001), "larger than 512 kB"),
}


@pytest.mark.parametrize(("how", "why"), PAGES.values(), ids=PAGES.keys())
async def test_a_page_that_is_no_exporters_is_a_reason(
    settings: Settings, parts: AsyncExitStack, how: Talk, why: str
) -> None:
    node = await read_node(settings, await answering(parts, how))
    assert node.metrics.value is None
    assert why in (node.metrics.missing or "")
    assert node.metrics.kind is MissingKind.OTHER
    assert "\n" not in (node.metrics.missing or "")


async def test_garbage_instead_of_http_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 not http\r\n\r\n")
        await writer.drain()

    node = await read_node(settings, await answering(parts, garbage))
    assert node.metrics.missing


HEALTH = {
    "a list": "[]",
    "not JSON": "OK",
    "another type of term": '{"status": "ok", "term": "seven"}',
}


@pytest.mark.parametrize("body", HEALTH.values(), ids=HEALTH.keys())
async def test_a_health_page_of_another_kind_is_a_reason(
    settings: Settings, parts: AsyncExitStack, body: str
) -> None:
    node = await read_node(settings, await answering(parts, page(body, "application/json")))
    assert node.health.value is None
    assert node.health.missing


async def test_a_health_page_may_leave_things_out(settings: Settings, parts: AsyncExitStack) -> None:
    body = '{"status": "healthy", "raft_state": "Leader", "uptime": "3 days"}'
    node = await read_node(settings, await answering(parts, page(body, "application/json")))
    assert node.health.value
    assert (node.health.value.role, node.health.value.term) == (Role.LEADER, None)


async def test_a_connection_that_is_reset_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    assert (await read_node(settings, await answering(parts, reset))).metrics.missing


async def test_a_number_beyond_all_numbers_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    node = await read_node(settings, await answering(parts, page("tensor_chain_raft_state +Inf\n")))
    assert node.metrics.value is None or node.metrics.value.role is None


async def test_json_without_end_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    how = page("[" * 200_000, "application/json")
    assert (await read_node(settings, await answering(parts, how))).health.missing


async def test_an_address_that_is_none_is_a_reason(settings: Settings) -> None:
    assert (await read_node(settings, "http://nodé..example")).metrics.missing


async def test_an_agent_that_refuses_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    async def no(_: Request) -> Response:
        refusal = Refusal(reason="ledger", detail="The ledger cannot be read.")
        return Response(refusal.to_json(), status_code=503)

    url = await parts.enter_async_context(
        serve(Starlette(routes=[Route("/v1/observe", no, methods=["POST"])]))
    )
    node = await read_node(settings, await answering(parts, page(METRICS)), url)
    assert node.clock.missing
    assert "The ledger cannot be read." in node.clock.missing
    assert node.clock.kind is MissingKind.OTHER


async def test_an_agent_of_another_kind_is_a_reason(settings: Settings, parts: AsyncExitStack) -> None:
    how = page('{"protocol": 99}', "application/json")
    node = await read_node(settings, await answering(parts, page(METRICS)), await answering(parts, how))
    assert node.clock.missing == "the agent answered 200 and nothing this bot understands"


def observed(**changes: object) -> bytes:
    """An agent's answer, as JSON."""
    good = {"protocol": 1, "cluster": "demo", "node": "odd", "boot_id": "b", "boottime_s": 900.0}
    return json.dumps({**good, **changes}).encode()


LIES: dict[str, bytes] = {
    "a long excerpt": observed(
        log={"value": {"path": "p", "window_s": 60, "bytes_read": 1, "counts": {}, "excerpts": ["x" * 9_000]}}
    ),
    "a long reason": observed(clock={"missing": "x" * 9_000}),
    "many peers": observed(pings={"value": [{"peer": "x", "sent": 1, "received": 1}] * 2_000}),
    "a number beyond numbers": observed(
        disk={"value": {"path": "p", "free_bytes": 10**30, "total_bytes": 1}}
    ),
    "more than an answer may be": observed(clock={"missing": "x" * 200_000}),
    "deep": b'{"clock":' + b"[" * 100_000,
    "no JSON": b"\xff\x00",
}


@pytest.mark.parametrize("body", LIES.values(), ids=LIES.keys())
async def test_row_19_whatever_an_agent_answers_is_a_reading_or_a_reason(
    settings: Settings, parts: AsyncExitStack, body: bytes
) -> None:
    how = page(body.decode("latin-1"), "application/json")
    node = await read_node(settings, await answering(parts, page(METRICS)), await answering(parts, how))
    assert node.metrics.value is not None
    assert node.clock.missing in (
        "the agent answered 200 and nothing this bot understands",
        "the agent cannot be reached (the answer is larger than 192 kB)",
    )
    assert len(node.model_dump_json()) < 5_000


async def test_row_19_an_agent_that_speaks_no_http_costs_its_peers_nothing(
    settings: Settings, parts: AsyncExitStack
) -> None:
    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x16\x03\x01 not http\r\n\r\n")
        await writer.drain()

    node = await read_node(settings, await answering(parts, page(METRICS)), await answering(parts, garbage))
    assert node.clock.missing == "the agent cannot be reached (RemoteProtocolError)"


async def test_row_19_an_agent_that_drips_is_given_up_in_time(
    settings: Settings, parts: AsyncExitStack
) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    url = await answering(parts, drip)
    async with clients.reader(settings) as (_, agents):
        with pytest.raises(AgentTimedOutError):
            await agents.ask("GET", f"{url}/v1/health", Health, timeout_s=0.3)
