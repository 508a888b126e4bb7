"""What a node or an alert says cannot move the terminal of whoever looks, who is root as often as not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.cli.output import say, say_json
from tests.bot.cli.test_app import run
from tests.builders import candidates, evidence, missing

HOSTILE = "\x1b]52;c;cm0gLXJmIC8=\x07\x1b[2J\x9b31m\x1b]0;title\x07\u202egnp.exe\r\nnode1 is fine"


def test_row_11_no_order_to_a_terminal_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    printed = capsys.readouterr().out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", printed)
    assert "node1 is fine" in printed


def test_json_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    say_json(json.dumps({"said": HOSTILE}, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert "\x9b" not in printed and "\u202e" not in printed
    assert json.loads(printed) == {"said": HOSTILE}


@pytest.mark.process
async def test_row_11_a_reading_that_failed_with_such_words_is_shown_without_them(tmp_path: Path) -> None:
    document = tmp_path / "evidence.json"
    nodes = [candidates()[0].model_copy(update={"clock": missing(HOSTILE)}), *candidates()[1:]]
    document.write_text(evidence(*nodes).model_dump_json())
    for options in ((), ("--json",)):
        code, out, _ = await run("diagnose", "--evidence", str(document), *options)
        assert code == 0
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)
