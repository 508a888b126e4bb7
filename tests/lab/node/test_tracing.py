"""The log looks as Neumann's logger prints it."""

from __future__ import annotations

import json
from pathlib import Path

from lab.node.tracing import MAX_LOG_BYTES, LogFormat, TracingLog


def written(path: Path, log_format: LogFormat) -> str:
    log = TracingLog(path, log_format, lambda: 1772446504.218337)
    log.event("INFO", "raft", "Starting election", node_id="node1", new_term=43)
    log.event("DEBUG", "raft", "Vote denied", node_id="node2", log_ok=False)
    log.close()
    return path.read_text()


def test_text_is_tracings_full_format(tmp_path: Path):
    assert written(tmp_path / "n.log", "text").splitlines() == [
        "2026-03-02T10:15:04.218337Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term=43",
        "2026-03-02T10:15:04.218337Z DEBUG tensor_chain::raft: Vote denied node_id=node2 log_ok=false",
    ]


def test_ansi_has_tracings_colours(tmp_path: Path):
    assert written(tmp_path / "n.log", "ansi").splitlines()[0] == (
        "\x1b[2m2026-03-02T10:15:04.218337Z\x1b[0m \x1b[32m INFO\x1b[0m "
        "\x1b[2mtensor_chain::raft\x1b[0m\x1b[2m:\x1b[0m Starting election "
        "\x1b[3mnode_id\x1b[0m\x1b[2m=\x1b[0mnode1 \x1b[3mnew_term\x1b[0m\x1b[2m=\x1b[0m43"
    )


def test_json_has_its_fields_in_one_object(tmp_path: Path):
    assert json.loads(written(tmp_path / "n.log", "json").splitlines()[1]) == {
        "timestamp": "2026-03-02T10:15:04.218337Z",
        "level": "DEBUG",
        "fields": {"message": "Vote denied", "node_id": "node2", "log_ok": False},
        "target": "tensor_chain::raft",
    }


def test_the_file_is_bounded(tmp_path: Path):
    path = tmp_path / "tensor_chain.log"
    path.write_text("x" * (MAX_LOG_BYTES + 1))
    written(path, "text")
    assert path.stat().st_size < 1000
    assert (tmp_path / "tensor_chain.log.1").stat().st_size == MAX_LOG_BYTES + 1
