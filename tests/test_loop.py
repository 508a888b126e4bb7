"""The whole loop, as a person plays it: alert, thread, findings, button, plan, confirmation, leader, end."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.headless import play
from lab.slack.person import Person
from lab.slack.plain_text import plain_text
from lab.stage import stage

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
NEUMANN_BOT = (sys.executable, "-m", "bot")


async def test_two_nodes_die_and_on_call_brings_the_leader_back(tmp_path: Path) -> None:
    said: list[str] = []
    async with stage(tmp_path, said.append) as running:
        report = await play(running, "quorum-loss", said.append)
        assert report.failure is None, report
        assert report.ok
        assert (report.cause, report.verdict, report.remedy) == ("quorum_loss", "confirmed", "start_nodes")
        assert report.confirmed_by == "alice"
        assert report.leader_after is not None
        assert report.term_after is not None
        assert report.term_before is not None
        assert report.term_after > report.term_before
        assert report.timings_ms.alert_to_headline is not None
        assert all(running.lab.is_running(node.name) for node in running.lab.nodes)

        async with Person(running.slack.url, "bob") as bob:
            await bob.command("/neumann election status")
            answer = await bob.wait_for_message(
                lambda m: "leads term" in plain_text(m) and bool(m.get("is_ephemeral"))
            )
            leads = re.search(r"node\d leads term (\d+)", plain_text(answer))
            assert leads and int(leads[1]) >= report.term_after, "whoever leads by now"
    assert running.bot.state == "inactive"


async def test_the_thread_is_deleted_in_mid_run_and_the_run_and_its_end_are_shown_all_the_same(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, lambda _: None) as running:

        async def delete_the_headline() -> None:
            async with Person(running.slack.url, "erin") as erin:
                run = await erin.wait_for_message(lambda m: "confirmed by alice" in plain_text(m), 120.0)
                assert (await erin.delete(run["thread_ts"])).ok

        deleting = asyncio.create_task(delete_the_headline())
        report = await play(running, "quorum-loss", lambda _: None)
        await deleting
        assert report.failure is None, report
        async with Person(running.slack.url, "alice") as alice:
            told = await alice.messages()
    (headline,) = [each for each in told if "was deleted; its thread goes on here" in plain_text(each)]
    thread = " ".join(plain_text(each) for each in told if each.get("thread_ts") == headline["ts"])
    for what in ("confirmed by alice", "Leader verified", "Closed after"):
        assert what in thread


def test_a_fault_that_does_not_exist_is_one_sentence_and_exit_code_2() -> None:
    done = subprocess.run(
        (*NEUMANN_BOT, "demo", "--fault", "flood"), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert "There is no fault 'flood'; there are aggressive-timeouts" in done.stderr
    assert done.stdout == ""


def test_a_port_that_cannot_be_had_is_a_sentence_and_no_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = {}
        for named in (port, "70000"):
            argv = (*NEUMANN_BOT, "demo", "--port", named)
            done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
            assert (done.returncode, done.stdout) == (2, "")
            assert "Traceback" not in done.stderr
            said[named] = done.stderr.splitlines()[-1]
    assert said[port] == (
        f"[demo] The demo cannot start: port {port} cannot be listened on (Address already in use): name"
        " another with --port."
    )


async def test_ctrl_c_leaves_no_process_no_port_no_socket_and_no_file(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        *NEUMANN_BOT,
        "demo",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert demo.stdout
    url = ""
    async with asyncio.timeout(60):
        while not url:
            line = (await demo.stdout.readline()).decode()
            url = line.split()[1] if line.split()[:1] == ["Open"] else ""
    children = _descendants(demo.pid)
    assert len(children) >= 8, "three nodes, three agents, Redis, the bot"
    demo.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        await demo.communicate()
    assert demo.returncode == 0
    assert [pid for pid in children if _is_alive(pid)] == []
    assert list(tmp_path.iterdir()) == []
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def _descendants(pid: int) -> list[int]:
    listed = subprocess.run(("ps", "-eo", "pid=,ppid="), capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    found, open_ends = [], [pid]
    while open_ends:
        parent = open_ends.pop()
        children = [child for child, its_parent in parents.items() if its_parent == parent]
        found += children
        open_ends += children
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_headless_prints_one_json_document_on_stdout_and_progress_on_stderr() -> None:
    done = subprocess.run(
        (*NEUMANN_BOT, "demo", "--headless", "--fault", "network-partition", "--json"),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert report["cause"] == "network_partition"
    assert report["remedy"] is None, "the bot does not touch firewalls"
    assert set(report) == {
        "fault",
        "ok",
        "cause",
        "verdict",
        "remedy",
        "confirmed_by",
        "leader_before",
        "leader_after",
        "term_before",
        "term_after",
        "timings_ms",
        "thread",
    }
    assert set(report["timings_ms"]) == {"alert_to_headline", "alert_to_findings", "confirm_to_verified"}
    assert "waiting for the alert, its thread and the findings" in done.stderr
