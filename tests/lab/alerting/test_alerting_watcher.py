"""From what the nodes say of themselves to the webhook, in the words of the shipped rules."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web

from lab.alerting import Alerting
from tests.lab.alerting.stubs import Receiver, serving
from tests.waiting import until

pytestmark = pytest.mark.process

TOKEN = "s3cr3t"


@dataclass
class Health:
    """A node's /health: its role, or an error page where it has none."""

    role: str | None = "follower"
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        return web.json_response({"raft_state": self.role}) if self.role else web.Response(status=500)


@pytest_asyncio.fixture
async def nodes() -> AsyncIterator[dict[str, Health]]:
    made = {"node1": Health("leader"), "node2": Health(), "node3": Health()}
    async with AsyncExitStack() as parts:
        for node in made.values():
            url = await parts.enter_async_context(serving("GET", "/health", node.handle))
            node.url = url.removesuffix("/health")
        yield made


@pytest_asyncio.fixture
async def alerting(nodes: dict[str, Health], receiver: Receiver) -> AsyncIterator[Alerting]:
    urls = {name: node.url for name, node in nodes.items()}
    watching = Alerting("demo", urls, receiver.url, TOKEN, speed=30, group_interval_s=0.1)
    running = asyncio.create_task(watching.run())
    yield watching
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_lost_leader_raises_the_shipped_alert_and_its_return_resolves_it(
    nodes: dict[str, Health], alerting: Alerting, receiver: Receiver
):
    await asyncio.sleep(2.0)  # twice as long as the rule waits
    assert not receiver.bodies
    nodes["node1"].role = "candidate"
    await until(lambda: receiver.heard("firing", "NoLeader"))
    nodes["node2"].role = "leader"
    await until(lambda: receiver.heard("resolved", "NoLeader"))
    (alert,) = receiver.bodies[0]["alerts"]
    assert receiver.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert alert["labels"] == {"alertname": "NoLeader", "cluster": "demo", "severity": "critical"}
    assert alert["annotations"]["summary"] == "No Raft leader in cluster demo"
    assert alert["annotations"]["description"].startswith("None of the 3 configured nodes of cluster demo")
    await until(lambda: len(alerting.deliveries) == 2)  # noted when the answer is back
    assert [delivery.alertnames for delivery in alerting.deliveries] == [("NoLeader",), ("NoLeader",)]
    assert [delivery.status_code for delivery in alerting.deliveries] == [200, 200]


async def test_a_node_that_is_down_is_named_while_the_others_lead_on(
    nodes: dict[str, Health], alerting: Alerting, receiver: Receiver
):
    nodes["node3"].role = None
    await until(lambda: receiver.heard("firing", "NodeDown"))
    (alert,) = receiver.bodies[0]["alerts"]
    assert alert["labels"]["node"] == "node3"
    nodes["node3"].role = "follower"
    await until(lambda: receiver.heard("resolved", "NodeDown"))
    assert not receiver.heard("firing", "NoLeader")


@pytest.mark.parametrize(("answers", "posts"), [([500, 503], 3), ([400], 1)])
async def test_a_5xx_is_tried_again_and_a_4xx_is_not(
    nodes: dict[str, Health],
    alerting: Alerting,
    receiver: Receiver,
    answers: list[int],
    posts: int,
):
    receiver.answers = list(answers)
    nodes["node1"].role = "candidate"
    await until(lambda: len(receiver.bodies) >= posts)
    await asyncio.sleep(0.6)  # two more looks
    assert len(receiver.bodies) == posts
    assert len({body["alerts"][0]["startsAt"] for body in receiver.bodies}) == 1


async def test_what_still_fires_is_sent_again_beside_what_is_new(
    nodes: dict[str, Health], alerting: Alerting, receiver: Receiver
):
    nodes["node2"].role = None
    await until(lambda: receiver.heard("firing", "NodeDown"))
    nodes["node1"].role = "follower"
    await until(lambda: receiver.heard("firing", "NoLeader"))
    assert [alert["status"] for alert in receiver.bodies[-1]["alerts"]] == ["firing", "firing"]


async def test_without_a_leader_no_node_is_told_to_be_down(
    nodes: dict[str, Health], alerting: Alerting, receiver: Receiver
):
    nodes["node1"].role = nodes["node2"].role = None
    await until(lambda: receiver.heard("firing", "NoLeader"))
    await asyncio.sleep(2.5)  # longer than NodeDown waits
    assert not receiver.heard("firing", "NodeDown")
