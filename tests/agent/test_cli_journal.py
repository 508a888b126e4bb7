"""What keeps the agent from serving is said to the journal with its priority."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from agent import cli


@pytest.mark.parametrize(("journal", "begins"), [("8:1", "<3>/"), (None, "/")])
def test_what_keeps_the_agent_from_serving_is_an_error_in_the_journal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    journal: str | None,
    begins: str,
):
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    if journal:
        monkeypatch.setenv("JOURNAL_STREAM", journal)
    monkeypatch.setattr(sys, "argv", ["neumann-agent", "serve", "--config", str(tmp_path / "none.toml")])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(begins)
