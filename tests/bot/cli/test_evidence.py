"""`neumann-bot evidence`, as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from handlers.domain.evidence.document import parse
from tests.builders import evidence, healthy, missing, node


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evidence", *map(str, arguments)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    kept = tmp_path / "a.json"
    kept.write_text(evidence(*healthy()).model_dump_json())
    return kept


def test_show_prints_each_reading(file: Path) -> None:
    assert "node1\n  metrics (bot, 0 ms): role leader" in run("show", file).output


def test_a_text_of_the_document_begins_no_line(tmp_path: Path) -> None:
    """Whatever ends a line for a terminal, in a name, a sentence or a figure."""
    forged, file = "x\r\nfake: ok\u2028fake: ok", tmp_path / "a.json"
    nodes = [node(f"n{forged}", clock=missing(forged, by=forged)), *healthy()[1:]]
    file.write_text(evidence(*nodes).model_copy(update={"cluster": forged}).model_dump_json())
    for command in (("evidence", "show"), ("evidence", "diff"), ("diagnose",), TRY):
        files = [file, file] if command[-1] == "diff" else [file]
        printed = CliRunner().invoke(app, [*command, *map(str, files)])
        assert printed.exception is None
        ends = re.split("[\r\n\u2028]", printed.output)
        assert [line for line in ends if line.startswith("fake")] == [], command


TRY = ("runbook", "try", "leader-election", "--evidence")


def test_diff_says_what_differs_and_exits_with_1(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.json"
    other.write_text(evidence(*healthy()[:2], node("node3", commits=5, offset_ms=900)).model_dump_json())
    done = run("diff", file, other)
    assert (done.exit_code, done.output) == (1, "node3 clock.offset_ms: 0.0 → 900.0\n")
    assert (run("diff", file, file).exit_code, run("diff", file, file).output) == (0, "Nothing differs.\n")


@pytest.mark.parametrize("command", [("evidence", "diff"), ("diagnose",)])
def test_standard_input_is_read_once(command: tuple[str, ...], file: Path) -> None:
    done = CliRunner().invoke(app, [*command, "-", "-"], input=file.read_text())
    assert "can be read once" in str(done.exception)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"schema_version": 1, "cluster": ' + "9" * 5000 + "}", "holds a number with too many digits."),
        ("[" * 100_000, "is nested too deeply to be read."),
        ("{", "is not JSON."),
        ("\xff", "is not JSON."),
    ],
)
def test_what_is_wrong_with_a_document_is_said(tmp_path: Path, text: str, why: str) -> None:
    document = tmp_path / "a.json"
    document.write_bytes(text.encode("latin-1"))
    assert str(run("show", document).exception) == f"{document} {why}"


def test_redact_prints_a_document_that_can_be_read_again(file: Path) -> None:
    assert parse(run("redact", file).output.encode(), "it").cluster == "redacted"


def test_what_is_no_evidence_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{")
    assert str(run("show", tmp_path / "c.json").exception) == f"{tmp_path / 'c.json'} is not JSON."
