"""Each ordered pair and port is a link of its own, and a connect through it tells the truth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest_asyncio

from lab.cluster.network import Network
from lab.layout import Address, Layout, claim_layout, shifted_layout

Connect = Callable[[Address], Awaitable[str]]
Becomes = Callable[..., Awaitable[None]]


class Echo:
    """A process that listens where a node would, and sends back what it gets."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self):
        self._server = await asyncio.start_server(self._answer, *self._address)

    async def stop(self):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._writers.append(writer)
        try:
            while received := await reader.read(100):
                writer.write(received)
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture
async def layout():
    layout = claim_layout(2)
    yield layout
    layout.release()


@pytest_asyncio.fixture
async def network(layout: Layout):
    network = Network(layout)
    await network.start()
    yield network
    await network.stop()


@pytest_asyncio.fixture
async def echo(layout: Layout, network: Network):
    echo = Echo(layout.node("node2").raft)
    await echo.start()
    network.set_target_up("node2", up=True)
    yield echo
    await echo.stop()


@asynccontextmanager
async def dialled(address: Address):
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def round_trip_ms(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    begun = time.monotonic()
    writer.write(b"hello")
    assert await asyncio.wait_for(reader.readexactly(5), 10) == b"hello"
    return (time.monotonic() - begun) * 1000


async def test_an_open_link_carries_bytes_both_ways(layout: Layout, echo: Echo):
    async with dialled(layout.links["node1", "node2"].raft) as stream:
        assert await round_trip_ms(*stream) < 5000


async def test_a_link_to_a_process_that_was_never_started_refuses(
    layout: Layout, network: Network, connect: Connect
):
    assert await connect(layout.links["node1", "node2"].raft) == "refused"


async def test_a_link_refuses_once_its_target_died_unannounced(
    layout: Layout, echo: Echo, connect: Connect, becomes: Becomes
):
    link = layout.links["node1", "node2"].raft
    assert await connect(link) == "open"
    await echo.stop()
    await becomes(lambda: connect(link), "refused")


async def test_a_dropped_link_times_out_and_opens_again(
    layout: Layout, network: Network, echo: Echo, connect: Connect
):
    link = layout.links["node1", "node2"].raft
    network.set_mode("drop")
    assert await connect(link) == "timeout"
    network.set_mode("open")
    assert await connect(link) == "open"


async def test_a_dropped_link_hides_whether_its_target_lives(
    layout: Layout, network: Network, connect: Connect
):
    network.set_mode("drop")
    assert await connect(layout.links["node1", "node2"].raft) == "timeout"


async def test_an_established_connection_falls_silent_and_is_reset_on_healing(
    layout: Layout, network: Network, echo: Echo
):
    async with dialled(layout.links["node1", "node2"].raft) as (reader, writer):
        await round_trip_ms(reader, writer)
        network.set_mode("drop")
        writer.write(b"lost")
        waiting = asyncio.ensure_future(reader.read(100))
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        network.set_mode("open")
        answer = (await asyncio.gather(waiting, return_exceptions=True))[0]
        assert answer == b"" or isinstance(answer, ConnectionResetError)


async def test_a_rejecting_link_refuses_and_resets_what_was_open(
    layout: Layout, network: Network, echo: Echo, connect: Connect
):
    link = layout.links["node1", "node2"].raft
    async with dialled(link) as (reader, writer):
        await round_trip_ms(reader, writer)
        network.set_mode("refuse", [("node1", "node2")])
        answer = (await asyncio.gather(reader.read(100), return_exceptions=True))[0]
        assert answer == b"" or isinstance(answer, ConnectionResetError)
    assert await connect(link) == "refused"


async def test_one_direction_and_one_port_can_be_cut_alone(
    layout: Layout, network: Network, echo: Echo, connect: Connect
):
    forward, backward = layout.links["node1", "node2"], layout.links["node2", "node1"]
    network.set_target_up("node1", up=False)
    network.set_mode("drop", [("node1", "node2")], ports=("raft",))
    assert await connect(forward.raft) == "timeout"
    assert await connect(backward.raft) == "refused"


async def test_each_direction_has_its_own_delay_and_order_is_kept(
    layout: Layout, network: Network, echo: Echo
):
    network.path("node1", "node2", "raft").delay_ms = 120
    network.path("node1", "node2", "raft").jitter_ms = 60
    async with dialled(layout.links["node1", "node2"].raft) as (reader, writer):
        assert await round_trip_ms(reader, writer) >= 60
        network.path("node2", "node1", "raft").delay_ms = 300
        assert await round_trip_ms(reader, writer) >= 360
        for number in range(10):
            writer.write(bytes([number]))
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(reader.readexactly(10), 10) == bytes(range(10))


async def test_without_a_loopback_network_every_address_is_a_port_of_its_own():
    layout = shifted_layout(3)
    layout.release()
    addresses = [
        address
        for each in (*layout.nodes, *layout.links.values())
        for address in vars(each).values()
        if isinstance(address, Address)
    ]
    assert len(set(addresses)) == len(addresses) == 3 * 4 + 6 * 3
    assert {address.host for address in addresses} == {"127.0.0.1"}


async def test_two_labs_never_share_an_address(layout: Layout):
    other = claim_layout(2)
    try:
        assert other.node("node1").raft != layout.node("node1").raft
        assert not set(other.links.values()) & set(layout.links.values())
    finally:
        other.release()
