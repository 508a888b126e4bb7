"""`neumann-agent check` names whatever would not work, a line each; the exit code says how bad it is."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from agent.check import _config_file
from tests.agent.bed import (
    Node,
    Pki,
    agent_process,
    metrics_server,
)
from tests.agent.playing import play

pytestmark = pytest.mark.process

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\ntensor_chain_term 1\n"
Change = Callable[[dict[str, Any], Node], None]


async def check(document: dict[str, Any], folder: Path) -> tuple[int | None, str, list[str]]:
    path = folder / "checked.toml"
    path.write_text(tomlkit.dumps(document))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent.cli", "check", "--config", str(path), stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return process.returncode, out.decode(), err.decode().splitlines()


@pytest.fixture
async def document(settings_document: dict[str, Any], node: Node, pki: Pki) -> AsyncIterator[dict[str, Any]]:
    """An agent for which everything is as it should be."""
    node.log.touch()
    (node.folder / "state").mkdir()
    pki.issue("server").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as free:
        settings_document["listen"] = f"127.0.0.1:{free.getsockname()[1]}"
    async with metrics_server(PAGE) as metrics_url:
        yield settings_document | {"metrics_url": metrics_url}


async def test_where_all_is_well_it_says_so(document: dict[str, Any], tmp_path: Path):
    assert await check(document, tmp_path) == (0, "Ready to serve.\n", [])


def no_ping(document: dict[str, Any], node: Node) -> None:
    (node.folder / "ping").unlink()


def no_chronyc(document: dict[str, Any], node: Node) -> None:
    (node.folder / "chronyc").unlink()


def no_source(document: dict[str, Any], node: Node) -> None:
    node.set_clock(ahead_s=0, after_step_s=0, leap="Not synchronised")


def timesyncd_not_yet(document: dict[str, Any], node: Node) -> None:
    play(node, "ntp/debian-12.txt", "timesyncd, a server that does not answer")


def no_ntp_at_all(document: dict[str, Any], node: Node) -> None:
    play(node, "ntp/debian-12.txt", "timesyncd, not installed")


def logs_in_the_journal_alone(document: dict[str, Any], node: Node) -> None:
    node.log.unlink()
    words = "No journal files were opened due to insufficient permissions."
    (node.folder / "journalctl").write_text(f"#!/bin/sh\necho '{words}' >&2; exit 1\n")
    (node.folder / "journalctl").chmod(0o755)


def no_group(document: dict[str, Any], node: Node) -> None:
    (node.folder / "service").write_text((node.folder / "service").read_text() + "Group=no-such-group\n")


def no_unit(document: dict[str, Any], node: Node) -> None:
    (node.folder / "service").write_text("LoadState=not-found\n")


def masked(document: dict[str, Any], node: Node) -> None:
    (node.folder / "service").write_text("LoadState=masked\n")


def no_data_dir(document: dict[str, Any], node: Node) -> None:
    document["data_dir"] = "/nowhere"


def no_log(document: dict[str, Any], node: Node) -> None:
    node.log.unlink()


def no_metrics(document: dict[str, Any], node: Node) -> None:
    document["metrics_url"] = "http://127.0.0.1:9"


def no_grant_key(document: dict[str, Any], node: Node) -> None:
    document["grants"] = {}


def nobody_trusted(document: dict[str, Any], node: Node) -> None:
    nobody = node.folder / "nobody.pem"
    nobody.touch()
    document["tls"] = document["tls"] | {"authority": str(nobody)}


def an_open_key(document: dict[str, Any], node: Node) -> None:
    key = node.folder / "open.key"
    shutil.copy(document["tls"]["key"], key)
    key.chmod(0o640)
    document["tls"] = document["tls"] | {"key": str(key)}


def a_link_for_a_file(document: dict[str, Any], node: Node) -> None:
    link = node.folder / "link.toml"
    link.symlink_to(node.config)
    document["config_file"] = str(link)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (no_ping, "commands.ping) is missing"),
        (no_chronyc, "commands.chronyc) is missing"),
        (no_source, "chronyd follows no source"),
        (timesyncd_not_yet, "timesyncd follows no source, so this clock's offset is not known: timedatectl"),
        (no_ntp_at_all, "No NTP service is active: neither chrony"),
        (logs_in_the_journal_alone, "put SupplementaryGroups=systemd-journal into neumann-agent.service"),
        (no_group, "There is no group no-such-group, so neumann-agent.service does not start"),
        (no_unit, "systemd knows no unit neumann, so it cannot be started"),
        (masked, "systemd does not start neumann as it is: systemctl status neumann"),
        (no_data_dir, "/nowhere (data_dir) cannot be read"),
        (no_log, "None of the log files exists"),
        (no_metrics, "metrics_url: http://127.0.0.1:9/metrics refused the connection."),
        (no_grant_key, "No grant is accepted"),
        (nobody_trusted, "No bot is let in"),
        (an_open_key, "open.key (tls.key, mode 0640): chmod 0600"),
        (a_link_for_a_file, "symbolic links are not followed"),
    ],
)
async def test_what_would_be_missing_is_one_line_and_exit_code_1(
    document: dict[str, Any], tmp_path: Path, node: Node, change: Change, said: str
):
    change(document, node)
    code, out, (line, *more) = await check(document, tmp_path)
    assert (code, out) == (1, "")
    assert said in line
    assert more == []


def no_key(document: dict[str, Any], node: Node) -> None:
    document["tls"] = document["tls"] | {"key": "/nowhere/agent.key"}


def no_state(document: dict[str, Any], node: Node) -> None:
    (node.folder / "state").rmdir()


@pytest.mark.parametrize(
    ("change", "said"),
    [(no_key, "`tls.certificate and tls.key` cannot be used"), (no_state, "(state_dir) is missing")],
)
async def test_what_keeps_it_from_serving_is_exit_code_2(
    document: dict[str, Any], tmp_path: Path, node: Node, change: Change, said: str
):
    change(document, node)
    code, _, (line, *more) = await check(document, tmp_path)
    assert (code, more) == (2, [])
    assert said in line


async def test_a_taken_port_is_named_unless_it_is_the_agents_own(document: dict[str, Any], tmp_path: Path):
    host, port = document["listen"].split(":")
    with socket.create_server((host, int(port))):
        code, _, (line, *more) = await check(document, tmp_path)
    assert (code, more) == (2, [])
    assert f"{document['listen']} of `listen` cannot be bound" in line
    async with agent_process(document, tmp_path) as (_, url):
        running = document | {"listen": url.removeprefix("https://")}
        assert (await check(running, tmp_path))[0] == 0


async def test_several_things_are_several_lines(document: dict[str, Any], tmp_path: Path, node: Node):
    for change in (no_state, no_ping, no_data_dir):
        change(document, node)
    code, _, lines = await check(document, tmp_path)
    assert (code, len(lines)) == (2, 3)


async def test_a_dashboard_is_known_from_metrics(document: dict[str, Any], tmp_path: Path):
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html></html>"
    async with metrics_server(page) as metrics_url:
        _, _, lines = await check(document | {"metrics_url": metrics_url}, tmp_path)
    assert lines == [
        f"metrics_url: {metrics_url}/metrics has no metric of Neumann (content type: text/html)."
    ]


async def test_a_configuration_that_is_none_is_exit_code_2(document: dict[str, Any], tmp_path: Path):
    code, _, (line,) = await check({"node": "node1"}, tmp_path)
    assert code == 2
    assert "`cluster` is missing; add it." in line


def test_a_file_of_somebody_else_is_named(node: Node):
    owner = node.config.stat().st_uid
    (line,) = _config_file(node.config, owner + 1)
    assert "(config_file) is not this user's" in line
    assert list(_config_file(node.config, owner)) == list(_config_file(node.config, 0)) == []
