"""A real Prometheus and Alertmanager deliver the same alert."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from lab.alerting.prometheus import RealAlertingError, find_binaries, real_alerting
from tests.lab.alerting.stubs import Exporter, Receiver
from tests.waiting import until

pytestmark = pytest.mark.process

try:
    find_binaries()
    MISSING = ""
except RealAlertingError as error:
    MISSING = str(error)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_a_lost_leader_arrives_through_the_real_programs(
    tmp_path: Path, exporter: Exporter, receiver: Receiver
):
    exporter.text = 'tensor_chain_raft_state{state="leader"} 0\n'
    nodes = {"node1": exporter.url.removesuffix("/metrics")}
    async with real_alerting(tmp_path, "demo", nodes, receiver.url, "s3cr3t", speed=30) as running:
        await until(lambda: receiver.heard("firing", "NoLeader"))
        exporter.text = 'tensor_chain_raft_state{state="leader"} 1\n'
        await until(lambda: receiver.heard("resolved", "NoLeader"))
    body = receiver.bodies[0]
    assert receiver.headers[0]["Authorization"] == "Bearer s3cr3t"
    assert body["groupKey"] == '{}:{cluster="demo"}'
    assert body["alerts"][0]["labels"] == {"alertname": "NoLeader", "cluster": "demo", "severity": "critical"}
    assert not answers(running.prometheus_url)
    assert not answers(running.alertmanager_url)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_a_program_that_does_not_get_ready_says_why(tmp_path: Path):
    with pytest.raises(RealAlertingError, match="unsupported scheme"):
        async with real_alerting(tmp_path, "demo", {}, "ftp://nowhere", "s3cr3t"):
            pass


KILLED = """
import asyncio, pathlib, sys
from lab.alerting.prometheus import real_alerting

async def main():
    folder, nobody = pathlib.Path(sys.argv[1]), "http://127.0.0.1:9/"
    async with real_alerting(folder, "demo", {}, nobody, "t") as running:
        print(running.prometheus_url, running.alertmanager_url, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(bool(MISSING) or sys.platform != "linux", reason=MISSING or "only Linux tells a child")
async def test_the_programs_die_with_a_parent_that_is_killed(tmp_path: Path):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    urls = (await asyncio.wait_for(parent.stdout.readline(), 60)).decode().split()
    assert [answers(url) for url in urls] == [True, True]
    parent.kill()
    await parent.communicate()
    await until(lambda: not any(answers(url) for url in urls))


def answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


async def test_without_the_programs_it_says_which_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RealAlertingError, match="prometheus is not on PATH"):
        find_binaries()
