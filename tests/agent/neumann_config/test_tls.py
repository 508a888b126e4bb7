"""Where a node serves Raft, and whether by TLS, by its configuration; what it leaves out is the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.neumann_config.tls import raft_port_of


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"", "127.0.0.1:7878"),
        (b"no toml", "127.0.0.1:7878"),
        (b'[node]\nbind_address = "0.0.0.0:7900"', "127.0.0.1:7900"),
        (b'[node]\nbind_address = "[::]:7900"', "[::1]:7900"),
        (b'[node]\nbind_address = "10.0.0.7:7878"', "10.0.0.7:7878"),
        (b"[node]\nbind_address = 7878", "127.0.0.1:7878"),
        (b"node = 3", "127.0.0.1:7878"),
    ],
)
def test_the_address_is_the_one_that_is_bound(raw: bytes, shown: str):
    assert str(raft_port_of(raw)) == shown


@pytest.mark.parametrize(
    ("raw", "speaks", "certificate"),
    [
        (b"[raft]", False, None),
        (b"[tls]", False, None),
        (b"[tls]\nenabled = false\ncert_path = '/etc/n.crt'", False, "/etc/n.crt"),
        (b"[tls]\nenabled = true", True, None),
        (b"[tls]\ncert_path = '/etc/n.crt'", True, "/etc/n.crt"),
        (b"[tls]\nenabled = true\ncert_path = 'n.crt'", True, None),
        (b"[tls]\nenabled = true\ncert_path = 3", True, None),
        (b"tls = true", False, None),
    ],
)
def test_tls_is_spoken_where_a_table_says_so(raw: bytes, speaks: bool, certificate: str | None):
    port = raft_port_of(raw)
    assert (port.speaks_tls, port.certificate) == (speaks, Path(certificate) if certificate else None)
