"""The journal of Neumann's unit, where it has no log file: bounded, and by a time that no step moves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agent.errors import ReadingError, ReadingNotPermittedError
from agent.protocol import ObserveRequest
from agent.readings import journal
from agent.readings.journal import Entry, parse_entries, read_journal, window
from agent.readings.log_source import read_log
from agent.readings.log_summary import summarise_lines
from agent.readings.reader import NodeReader
from agent.settings import Settings
from tests.agent.bed import Node
from tests.agent.recorded import recorded

LINE = "2026-03-02T10:15:04Z  INFO tensor_chain::raft: Starting election node_id=node1 new_term={term}"


def entry(age_s: float, *, wall_s: float | None = None, boot: str = "b", term: int = 1) -> Entry:
    """An entry so long before the newest; by the wall clock too, unless that was stepped."""
    at_s = 10_000 - age_s
    return Entry(LINE.format(term=term), at_s if wall_s is None else wall_s, at_s, boot)


def counted(entries: list[Entry]) -> int:
    return summarise_lines("x", window(entries), bytes_read=0, silent_s=None).counts["election_started"]


@pytest.mark.parametrize("record", ["journal/debian-12.txt", "journal/debian-13.txt"])
def test_what_journald_wrote_is_read(record: str):
    (said,) = recorded(record, "as root").values()
    entries = parse_entries(said.text)
    seen = summarise_lines("x", window(entries), bytes_read=0, silent_s=None)
    assert (seen.counts["election_started"], seen.counts["election_won"]) == (1, 1), "the first is in colours"
    assert (seen.counts["vote_denied"], seen.counts["vote_denied_log"], seen.highest_term) == (1, 1, 43)
    assert len({each.boot for each in entries}) == 1
    assert any("bytes \ufffd\ufffd that" in each.message for each in entries)


def test_a_clock_that_was_put_back_makes_no_second_window():
    (said,) = recorded("journal/debian-12.txt", "after the clock was put back by an hour").values()
    newest_first = [each.monotonic_s for each in parse_entries(said.text)]
    assert newest_first == sorted(newest_first, reverse=True)
    hour_back = [
        entry(age_s, wall_s=10_000 - age_s + (3600 if age_s > 30 else 0)) for age_s in range(0, 600, 5)
    ]
    assert counted(hour_back) == 13
    hour_ahead = [
        entry(age_s, wall_s=10_000 - age_s - (3600 if age_s > 30 else 0)) for age_s in range(0, 600, 5)
    ]
    assert counted(hour_ahead) == 13


def test_a_boot_between_two_entries_is_told_by_the_wall_clock():
    before = [entry(age_s, boot="a") for age_s in (70, 71)]
    assert counted([entry(0), *before]) == 1
    just_before = [entry(age_s, boot="a") for age_s in (40, 41, 120)]
    assert counted([entry(0), *just_before]) == 3


def test_of_a_long_message_the_beginning_is_kept_and_lines_of_one_entry_share_its_time():
    two = LINE.format(term=1) + "\n" + LINE.format(term=2)
    fields = {"__REALTIME_TIMESTAMP": "1", "__MONOTONIC_TIMESTAMP": "1", "_BOOT_ID": "b"}
    long = json.dumps({**fields, "MESSAGE": LINE.format(term=3) + "x" * 50_000})
    (first, second) = parse_entries(json.dumps({**fields, "MESSAGE": two}) + "\n" + long)
    assert counted([first]) == 2
    assert len(second.message) == journal.MAX_MESSAGE_CHARS and counted([second]) == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "null",
        '{"MESSAGE": "cut',
        '{"MESSAGE": "x"}',
        '{"MESSAGE":[1,400],"__REALTIME_TIMESTAMP":"1","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b"}',
        '{"MESSAGE":"x","__REALTIME_TIMESTAMP":"later","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b"}',
        '{"MESSAGE":"x","__REALTIME_TIMESTAMP":"%s","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b"}'
        % ("9" * 400),
        "[" * 100_000,
    ],
)
def test_what_is_no_entry_is_left_out(line: str):
    assert parse_entries(line) == []


@pytest.mark.parametrize("message", [None, ["twice", "set"], {"a": 1}])
def test_a_message_that_is_no_text_is_an_empty_one(message: object):
    fields = {"__REALTIME_TIMESTAMP": "1", "__MONOTONIC_TIMESTAMP": "1", "_BOOT_ID": "b"}
    assert [each.message for each in parse_entries(json.dumps({**fields, "MESSAGE": message}))] == [""]


def journalctl(node: Node, settings: Settings, script: str) -> Settings:
    """Settings of a node without a log file, with a journalctl of these lines."""
    (node.folder / "journalctl").write_text("#!/bin/sh\n" + script)
    (node.folder / "journalctl").chmod(0o755)
    commands = replace(settings.commands, journalctl=node.folder / "journalctl")
    return replace(settings, commands=commands, log_files=(node.folder / "none.log",))


@pytest.mark.process
class TestJournalctl:
    async def test_it_is_read_where_no_log_file_is(self, settings: Settings, node: Node, tmp_path: Path):
        (said,) = recorded("journal/debian-12.txt", "as root").values()
        (tmp_path / "said").write_text(said.text)
        without = journalctl(node, settings, f'echo "$*" > {tmp_path}/asked; cat {tmp_path}/said\n')
        seen = await read_log(without)
        assert (seen.path, seen.counts["election_started"]) == ("journal:neumann.service", 1)
        assert seen.silent_s and seen.silent_s > 0
        assert "_SYSTEMD_UNIT=neumann.service" in (tmp_path / "asked").read_text().split()
        node.log.touch()
        assert (await read_log(replace(without, log_files=(node.log,)))).path == str(node.log)

    async def test_without_the_right_it_says_the_mend_and_the_kind(self, settings: Settings, node: Node):
        (said,) = recorded("journal/debian-12.txt", "as a user without the right").values()
        refused = journalctl(node, settings, f"echo '{said.text.strip()}' >&2; exit {said.code}\n")
        read = (await NodeReader(refused).observe(ObserveRequest(readings=("log",)))).log
        assert read and read.not_permitted is True and read.refused is read.timed_out is UNSET
        assert "SupplementaryGroups=systemd-journal" in str(read.missing)
        with pytest.raises(ReadingNotPermittedError, match="may not be read by this user"):
            await read_journal(refused)

    async def test_a_unit_that_wrote_nothing_is_said(self, settings: Settings, node: Node):
        with pytest.raises(
            ReadingError, match=r"None of the log files exists.*holds nothing of neumann\.service"
        ):
            await read_log(journalctl(node, settings, "exit 0\n"))

    async def test_no_more_is_read_than_the_bound(
        self, settings: Settings, node: Node, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(journal, "MAX_JOURNAL_BYTES", 10_000)
        line = (
            '{"MESSAGE":"2026-03-02T10:15:04Z  INFO tensor_chain::raft: Became leader",'
            '"__REALTIME_TIMESTAMP":"1","__MONOTONIC_TIMESTAMP":"1","_BOOT_ID":"b"}'
        )
        seen = await read_journal(journalctl(node, settings, f"while :; do echo '{line}'; done\n"))
        assert seen.bytes_read == 10_000 and 0 < seen.counts["became_leader"] <= 10_000 // len(line)
