"""From a node's own metrics to the webhook, through the shipped rules."""

import asyncio

import pytest

from lab.alerting import Alerting, Target, Timing, load_rules
from tests.lab.alerting.stubs import Exporter, Receiver, Until

pytestmark = pytest.mark.process

ROLES = 'tensor_chain_raft_state{{state="leader"}} {leader}\ntensor_chain_elections_total {elections}\n'


async def test_a_lost_leader_raises_the_shipped_alert_and_its_return_resolves_it(
    exporter: Exporter, receiver: Receiver, until: Until
):
    exporter.text = ROLES.format(leader=1, elections=1)
    alerting = Alerting(
        load_rules(),
        [Target("demo", "node1", exporter.url)],
        receiver.url,
        "s3cr3t",
        speed=30,
        timing=Timing(group_interval_s=0.2),
    )
    running = asyncio.create_task(alerting.run())
    try:
        await asyncio.sleep(2.0)  # twice as long as the rule waits
        assert not receiver.bodies
        exporter.text = ROLES.format(leader=0, elections=1)
        await until(lambda: receiver.heard("firing", "NoLeader"))
        exporter.text = ROLES.format(leader=1, elections=2)
        await until(lambda: receiver.heard("resolved", "NoLeader"))
        exporter.text = None
        await until(lambda: receiver.heard("firing", "NodeDown") and receiver.heard("firing", "NoLeader"))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    (alert,) = receiver.bodies[0]["alerts"]
    assert alert["labels"] == {"alertname": "NoLeader", "cluster": "demo", "severity": "critical"}
    assert alert["annotations"]["summary"] == "No Raft leader in cluster demo"
    assert alerting.deliveries[0].alertnames == ("NoLeader",)
    assert alerting.deliveries[0].status_code == 200
