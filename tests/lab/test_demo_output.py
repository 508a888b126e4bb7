"""What the demo prints fits a terminal, and says when the machine is too busy for it."""

from __future__ import annotations

import io

import pytest

from lab.demo_output import broken, overload, without_markup


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80])
def test_a_terminal_gets_no_line_that_is_wider(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    line = overload(7.4, 2)
    assert line
    lines = broken(line, Terminal()).splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[1].startswith("  ")
    assert " ".join(each.strip() for each in lines) == line


def test_a_pipe_gets_each_line_whole() -> None:
    assert broken("word " * 100, io.StringIO()) == "word " * 100


def test_a_machine_on_which_processes_wait_for_a_core_is_named_with_its_load() -> None:
    assert overload(7.44, 2) == (
        "The load average is 7.4 on 2 cores, so the lab's elections and the bot's readings may come too late:"
        " run the demo again once it is below 2."
    )
    assert overload(1.2, 1) is not None


def test_a_machine_with_a_core_to_spare_is_not_blamed() -> None:
    assert overload(2.0, 2) is None
    assert overload(0.3, 1) is None


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (":red_circle: *Down* :x:", "*Down* "),
        ("since <!date^1796079342^{date_short_pretty} {time_secs}|22:15:42 UTC>", "since 22:15:42 UTC"),
        ("<https://a.example/b|the runbook>", "the runbook (https://a.example/b)"),
        ("3 &lt; 5 at 10:15:04, in a:b:c", "3 < 5 at 10:15:04, in a:b:c"),
    ],
)
def test_a_message_is_printed_without_slacks_markup(written: str, shown: str) -> None:
    assert without_markup(written) == shown
