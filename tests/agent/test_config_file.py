"""Two numbers change, and nothing else, or nothing at all."""

from __future__ import annotations

import hashlib
import os
import tomllib

import pytest

from agent.config_file import read_config_bytes, replace_config, with_election_timeouts
from agent.errors import ConfigFileError
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


def test_the_single_key_keeps_its_form():
    assert widened("[raft]\nelection_timeout_ms = 500 # one\n") == "[raft]\nelection_timeout_ms = 300 # one\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"no \[raft\]"),
        ("raft = 1\n", r"no \[raft\]"),
        ("[raft]\nelection_timeout_ms = 1\nelection_timeout_min_ms = 1\n", "both"),
        ("[raft]\na = 1\na = 2\n", "not valid TOML"),
        ("\ufeff[raft]\n", "not valid TOML"),
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
