"""Two numbers change, and nothing else, or nothing at all."""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from pathlib import Path

import pytest

from agent.errors import ConfigFileError
from agent.neumann_config.edit import read_config_bytes, replace_config, with_election_timeouts
from tests.agent.bed import Node


def widened(text: str) -> str:
    return with_election_timeouts(text.encode(), min_ms=300, max_ms=600).decode()


def test_only_the_two_numbers_differ(node: Node):
    before = node.config.read_text()
    assert widened(before) == before.replace("min_ms = 150", "min_ms = 300").replace(
        "max_ms = 300", "max_ms = 600"
    )


@pytest.mark.parametrize(
    "text",
    [
        "raft.election_timeout_min_ms = 150\nraft.election_timeout_max_ms = 300\n",
        "raft = { election_timeout_min_ms = 150, election_timeout_max_ms = 300 }\n",
        "[raft]\r\nelection_timeout_min_ms = 150 # a\r\nelection_timeout_max_ms = 300\r\n[x]\r\n",
        "[raft]\nheartbeat_interval_ms = 50\n",
        "[raft] # empty\n[other]\nelection_timeout_min_ms = 1\n",
    ],
)
def test_every_way_to_write_the_two_keys(text: str):
    before, after = tomllib.loads(text), tomllib.loads(widened(text))
    before["raft"] |= {"election_timeout_min_ms": 300, "election_timeout_max_ms": 600}
    assert after == before
    assert widened(text).count("\r\n") == text.count("\r\n")


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "[nan, {b = inf}]"])
def test_a_number_that_equals_nothing_keeps_no_file_from_being_edited(value: str):
    assert widened(f"[raft]\na = {value}\n").startswith(
        f"[raft]\na = {value}\nelection_timeout_min_ms = 300\n"
    )


def test_what_is_added_ends_as_the_files_lines_do():
    text = "[raft]\r\nheartbeat_interval_ms = 50\r\n\r\n[other]\r\n"
    assert widened(text).count("\n") == widened(text).count("\r\n") == text.count("\r\n") + 2
    mixed = "# one\n" + text
    assert widened(mixed).startswith("# one\n[raft]\r\n"), "where they differ, none is touched"


def test_the_single_key_keeps_its_form():
    assert widened("[raft]\nelection_timeout_ms = 500 # one\n") == "[raft]\nelection_timeout_ms = 300 # one\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no \[raft\]"),
        ("raft = 1\n", r"no \[raft\]"),
        ("[raft]\nelection_timeout_ms = 1\nelection_timeout_min_ms = 1\n", "both"),
        ("[raft]\na = 1\na = 2\n", "not valid TOML"),
        ("\ufeff[raft]\n", "not valid TOML: a byte order mark stands before it"),
        (f"[raft]\na = {'1' * 5000}\n", "not valid TOML"),
        (f"[raft]\na = {'[' * 5000}\n", "not valid TOML"),
        (f"[raft]\na = {'[' * 110}{']' * 110}\n", "cannot be edited"),
        ("[raft]\nheartbeat_interval_ms = 0\n", "whole number"),
        ("[raft]\nheartbeat_interval_ms = true\n", "whole number"),
        ("[raft]\nheartbeat_interval_ms = 101\n", "at least 3 heartbeats"),
        ("[raft]\nheartbeat_interval_ms = '50'\n", "whole number"),
        ("[[raft]]\n", r"no \[raft\]"),
    ],
)
def test_a_file_it_cannot_be_sure_of_is_refused(text: str, words: str):
    with pytest.raises(ConfigFileError, match=words):
        widened(text)


@pytest.mark.parametrize(("minimum", "maximum"), [(300, 300), (300, 299), (149, 600)])
def test_bounds(node: Node, minimum: int, maximum: int):
    with pytest.raises(ConfigFileError):
        with_election_timeouts(node.config.read_bytes(), min_ms=minimum, max_ms=maximum)


@pytest.mark.parametrize(
    ("raft", "least_ms"),
    # Neumann's heartbeat is 50 ms where the file names none.
    [("", 150), ("heartbeat_interval_ms = 50\n", 150), ("heartbeat_interval_ms = 1\n", 3)],
)
def test_three_heartbeats_are_the_least(raft: str, least_ms: int):
    raw = f"[raft]\n{raft}".encode()
    assert with_election_timeouts(raw, min_ms=least_ms, max_ms=least_ms + 1)
    with pytest.raises(ConfigFileError, match="at least 3 heartbeats"):
        with_election_timeouts(raw, min_ms=least_ms - 1, max_ms=least_ms)


def test_a_mebibyte_is_read_and_not_a_byte_more(node: Node):
    node.config.write_bytes(b"#" * 1_048_576)
    assert len(read_config_bytes(node.config).raw) == 1_048_576
    node.config.write_bytes(b"#" * 1_048_577)
    with pytest.raises(ConfigFileError, match="is larger than 1048576 bytes"):
        read_config_bytes(node.config)


def test_replacing_keeps_the_owner(node: Node):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(node.config, 65534, 65533)
    replace_config(node.config, b"[raft]\n", expected_sha256=read_config_bytes(node.config).sha256)
    status = node.config.stat()
    assert (status.st_uid, status.st_gid, node.config.read_bytes()) == (65534, 65533, b"[raft]\n")


def test_replacing_leaves_nothing_open(node: Node):
    was_open = sum(1 for _ in Path("/proc/self/fd").iterdir())
    replace_config(node.config, b"[raft]\n", expected_sha256=read_config_bytes(node.config).sha256)
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == was_open


def test_a_change_that_comes_while_it_writes_is_not_overwritten(node: Node):
    """Python tells audit hooks of the temporary file before it is made; they cannot be taken off again."""
    beside, expected = sorted(node.folder.iterdir()), read_config_bytes(node.config).sha256
    edit = [lambda: node.config.write_text("# edited meanwhile\n")]

    def on_event(event: str, _arguments: object) -> None:
        if event == "tempfile.mkstemp" and edit:
            edit.pop()()

    sys.addaudithook(on_event)
    with pytest.raises(ConfigFileError, match="has changed since it was read"):
        replace_config(node.config, b"[raft]\n", expected_sha256=expected)
    assert node.config.read_text() == "# edited meanwhile\n"
    assert sorted(node.folder.iterdir()) == beside


def test_replacing_keeps_the_mode_and_leaves_no_file_behind(node: Node):
    node.config.chmod(0o640)
    before = read_config_bytes(node.config)
    beside = sorted(node.folder.iterdir())
    replace_config(node.config, b"[raft]\n", expected_sha256=before.sha256)
    assert node.config.read_bytes() == b"[raft]\n"
    assert node.config.stat().st_mode & 0o777 == 0o640
    assert sorted(node.folder.iterdir()) == beside


def test_a_file_that_changed_meanwhile_is_left_alone(node: Node):
    beside = sorted(node.folder.iterdir())
    before = node.config.read_bytes()
    with pytest.raises(ConfigFileError, match="changed"):
        replace_config(node.config, b"", expected_sha256=hashlib.sha256(b"older").hexdigest())
    assert node.config.read_bytes() == before
    assert sorted(node.folder.iterdir()) == beside


def test_what_is_no_plain_small_file_is_refused(node: Node):
    link = node.folder / "link.toml"
    link.symlink_to(node.config)
    fifo = node.folder / "fifo.toml"
    os.mkfifo(fifo)
    large = node.folder / "large.toml"
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    for path in (link, fifo, large, node.folder, node.folder / "absent.toml"):
        with pytest.raises(ConfigFileError):
            read_config_bytes(path)
    assert read_config_bytes(link, follow_links=True).raw == node.config.read_bytes()
