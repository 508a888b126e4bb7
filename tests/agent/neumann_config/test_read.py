"""Neumann's file is read as far as it can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import UNSET

from agent.neumann_config.read import parse_config, read_config
from tests.agent.bed import Node


def test_the_documented_file(node: Node):
    config = read_config(node.config)
    assert (config.election_timeout_min_ms, config.election_timeout_max_ms) == (150, 300)
    assert config.heartbeat_interval_ms == 50
    assert config.peers == ("node2:7878", "node3:7878")
    assert [(line.number, line.text) for line in config.election_lines] == [
        (9, "election_timeout_min_ms = 150   # documented default"),
        (10, "election_timeout_max_ms = 300"),
    ]


def test_the_other_documented_forms():
    raw = b'[raft]\nelection_timeout_ms = 500\n[cluster]\nseeds = ["10.0.0.2:9100", 7]\n'
    config = parse_config(Path("x"), raw, sha256="0")
    assert (config.election_timeout_min_ms, config.election_timeout_max_ms) == (500, None)
    assert config.peers == ("10.0.0.2:9100",)
    assert config.heartbeat_interval_ms is None


@pytest.mark.parametrize(
    "raw",
    [b"", b"raft = 1", b"[raft]\nelection_timeout_min_ms = true\n", b"\xff[", b"a = ", b"a = " + b"1" * 5000],
)
def test_an_odd_file_has_a_hash_and_no_values(raw: bytes):
    config = parse_config(Path("x"), raw, sha256="0")
    assert config.election_timeout_min_ms is None
    assert config.peers == ()


def test_a_link_may_be_looked_at(node: Node):
    link = node.folder / "link.toml"
    link.symlink_to(node.config)
    assert read_config(link).sha256 == read_config(node.config).sha256


def test_a_file_that_is_no_toml_is_told():
    assert parse_config(Path("x"), b"[raft\nelection_timeout_min_ms = 150\n", sha256="0").malformed is True
    assert parse_config(Path("x"), b"[raft]\nelection_timeout_min_ms = 150\n", sha256="0").malformed is UNSET
