"""A node's chronyc, timedatectl, systemctl and ping answer as the real tools do, and to nothing else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from lab.cluster.cluster import Lab
from lab.cluster.network import Network

pytestmark = pytest.mark.process

Wait = Callable[[Lab], Awaitable[None]]
RunCommand = Callable[..., Awaitable[tuple[int, str]]]


def proxies(lab: Lab) -> Network:
    assert isinstance(lab.network, Network)
    return lab.network


async def test_chronyc_reports_a_clock_that_is_ahead_as_negative(lab: Lab, run_command: RunCommand):
    lab.node("node1").set_clock_offset_ms(250.0)
    code, printed = await run_command(lab.nodes[0], "chronyc", "-c", "tracking")
    fields = printed.strip().split(",")
    assert (code, len(fields)) == (0, 14)
    assert float(fields[4]) == -0.25
    assert fields[13] == "Normal"


async def test_timedatectl_says_whether_ntp_holds_the_clock(lab: Lab, run_command: RunCommand):
    code, printed = await run_command(lab.nodes[0], "timedatectl", "show")
    assert code == 0
    assert {"NTP=yes", "NTPSynchronized=yes"} <= set(printed.split())
    lab.node("node1").set_clock_offset_ms(2000.0)
    _, printed = await run_command(lab.nodes[0], "timedatectl", "show", "--property=NTPSynchronized")
    assert printed == "NTPSynchronized=no\n"


async def test_systemctl_restarts_the_node_under_a_new_pid(
    lab: Lab, run_command: RunCommand, has_leader: Wait
):
    properties = "--property=ActiveState,MainPID,ExecMainStartTimestampMonotonic,NRestarts,Result"

    async def shown() -> dict[str, str]:
        code, printed = await run_command(lab.nodes[0], "systemctl", "show", "neumann", properties)
        assert code == 0
        return dict(line.split("=") for line in printed.splitlines())

    before = await shown()
    assert (before["ActiveState"], before["NRestarts"], before["Result"]) == ("active", "0", "success")
    assert await run_command(lab.nodes[0], "systemctl", "restart", "neumann") == (0, "")
    after = await shown()
    assert after["MainPID"] != before["MainPID"]
    started = "ExecMainStartTimestampMonotonic"
    assert int(after[started]) > int(before[started])
    await has_leader(lab)


async def test_systemctl_stop_leaves_the_service_inactive(lab: Lab, run_command: RunCommand):
    assert await run_command(lab.nodes[2], "systemctl", "stop", "neumann") == (0, "")
    _, printed = await run_command(
        lab.nodes[2], "systemctl", "show", "neumann", "--property=ActiveState,MainPID"
    )
    assert set(printed.split()) == {"ActiveState=inactive", "MainPID=0"}


async def test_a_killed_service_ended_by_a_signal(lab: Lab, run_command: RunCommand):
    await lab.kill("node3")
    _, printed = await run_command(
        lab.nodes[2], "systemctl", "show", "neumann", "--property=ActiveState,Result"
    )
    assert set(printed.split()) == {"ActiveState=failed", "Result=signal"}


async def test_a_service_that_cannot_start_says_so(lab: Lab, run_command: RunCommand):
    node = lab.nodes[1]
    node.config_file.write_text("this is no TOML")
    code, printed = await run_command(node, "systemctl", "restart", "neumann")
    assert code == 1
    assert "Job for neumann.service failed" in printed


async def test_ping_measures_the_links_own_round_trip(lab: Lab, run_command: RunCommand):
    links = proxies(lab)
    links.path("node1", "node3", "ping").delay_ms = 40
    links.path("node3", "node1", "ping").delay_ms = 20
    host = lab.layout.links["node1", "node3"].ping_host
    arguments = ("-n", "-c", "20", "-i", "0.05", "-W", "1", host)
    code, printed = await run_command(lab.nodes[0], "ping", *arguments)
    assert code == 0
    assert "20 packets transmitted, 20 received, 0% packet loss" in printed
    least, mean, most = map(float, re.findall(r"= ([\d.]+)/([\d.]+)/([\d.]+)/[\d.]+ ms", printed)[0])
    assert 60 <= least <= mean <= most


async def test_ping_counts_what_is_lost(lab: Lab, run_command: RunCommand):
    link = proxies(lab).path("node1", "node2", "ping")
    link.loss = 1.0
    host = lab.layout.links["node1", "node2"].ping_host
    code, printed = await run_command(lab.nodes[0], "ping", "-n", "-c", "2", "-i", "0.05", "-W", "0.2", host)
    link.loss = 0.0
    assert code == 1
    assert "2 packets transmitted, 0 received, 100% packet loss" in printed


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("chronyc", ("makestep", "1", "3")),
        ("chronyc", ("settime", "now")),
        ("timedatectl", ("set-ntp", "true")),
        ("systemctl", ("enable", "neumann")),
        ("systemctl", ("restart", "sshd")),
        ("ping", ("-f", "127.0.0.1")),
        ("ping", ("-n", "-c", "1", "-i", "0.05", "-W", "1", "elsewhere")),
    ],
)
async def test_whatever_an_agent_does_not_run_is_refused(
    running_lab: Lab, run_command: RunCommand, name: str, arguments: tuple[str, ...]
):
    code, printed = await run_command(running_lab.nodes[0], name, *arguments)
    assert code != 0
    assert printed
