"""Summarise the end of a unit's journal. Its text is data: counted, cut and masked, never obeyed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.boot import boot_id
from agent.errors import CommandError, ReadingError, ReadingNotPermittedError
from agent.protocol import Log
from agent.readings.certificates import own_hosts
from agent.readings.log_lines import LogLine, parse_line
from agent.readings.log_summary import WINDOW_S, summarise_lines
from agent.run_command import CommandOutput, run
from agent.settings import Settings
from shared.sanitize import plain

MAX_JOURNAL_BYTES = 1024 * 1024
"""An entry takes some 300 bytes beside its message, and a coloured message five times its length."""

MAX_ENTRIES = 2_000
MAX_MESSAGE_CHARS = 4_096
"""journald itself cuts lines at 48 kB; what a line tells stands at its beginning."""

RIGHT = "SupplementaryGroups=systemd-journal"
_NOT_PERMITTED = ("insufficient permissions", "not seeing messages from other users")
"""What journalctl says on stderr where it may open no journal, or no other than the user's own."""


@dataclass(frozen=True)
class Entry:
    """An entry of the journal: its message, and its time by the wall clock and since the boot."""

    message: str
    wall_s: float
    monotonic_s: float
    boot: str


async def read_journal(settings: Settings) -> Log:
    """Read and summarise the newest entries that the unit's processes wrote.

    Raises:
        ReadingError: If it holds none, or journalctl gives no usable answer.
        ReadingNotPermittedError: If this user may not read it.
    """
    unit = settings.journal_unit
    # The newest first, so that a bound cuts off the oldest. What systemd itself says of the unit is not
    # Neumann's; `--all`, or a long message is null.
    argv = [
        str(settings.commands.journalctl), f"_SYSTEMD_UNIT={unit}", "--output=json", "--reverse",
        "--output-fields=MESSAGE", f"--lines={MAX_ENTRIES}", "--all", "--no-pager",
    ]  # fmt: skip
    output = await run(argv, timeout_s=settings.deadlines.log, limit_bytes=MAX_JOURNAL_BYTES)
    entries = parse_entries(output.stdout)
    if not entries:
        raise _why_empty(unit, output)
    return summarise_lines(
        f"journal:{unit}",
        window(entries),
        bytes_read=len(output.stdout.encode()),
        silent_s=_silent_s(entries[0]),
        own_hosts=await asyncio.to_thread(own_hosts, settings),
    )


def _why_empty(unit: str, output: CommandOutput) -> ReadingError:
    if any(words in output.stderr for words in _NOT_PERMITTED):
        return ReadingNotPermittedError(
            f"The journal of {unit} may not be read by this user: put {RIGHT} into neumann-agent.service"
            " (`systemctl edit neumann-agent`)."
        )
    if output.exit_code != 0:
        said = plain(output.stderr.strip(), limit=200) or "it said nothing"
        return CommandError(f"journalctl exited with {output.exit_code}: {said}")
    return ReadingError(f"The journal holds nothing of {unit}.")


def parse_entries(printed: str) -> list[Entry]:
    """Parse `journalctl --output=json`, an object a line; a line that was cut, or is none, is left out."""
    entries = []
    for line in printed.split("\n"):
        try:
            fields = json.loads(line)
            entries.append(
                Entry(
                    message=_text(fields["MESSAGE"])[:MAX_MESSAGE_CHARS],
                    wall_s=int(fields["__REALTIME_TIMESTAMP"]) / 1e6,
                    monotonic_s=int(fields["__MONOTONIC_TIMESTAMP"]) / 1e6,
                    boot=str(fields["_BOOT_ID"]),
                )
            )
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
    return entries


def _text(message: Any) -> str:  # noqa: ANN401  what JSON may hold
    """Return a message's text: what is no printable UTF-8, as colours are not, comes as a list of bytes."""
    if isinstance(message, list) and all(isinstance(each, int) for each in message):
        return bytes(message).decode(errors="replace")
    return message if isinstance(message, str) else ""


def window(entries: list[Entry]) -> Iterator[LogLine]:
    """Yield the lines from the newest entry back to the first one that is too old.

    Within a boot the time since the boot counts, which no step of the clock moves; between two boots the
    wall clock does, if it went on. An entry of several lines has one time.
    """
    age_s, later = 0.0, entries[0]
    for entry in entries:
        same_boot = entry.boot == later.boot
        passed_s = later.monotonic_s - entry.monotonic_s if same_boot else later.wall_s - entry.wall_s
        age_s += max(0.0, passed_s)
        if age_s > WINDOW_S:
            return
        later = entry
        for line in reversed(entry.message.split("\n")):
            yield parse_line(line)


def _silent_s(newest: Entry) -> float:
    """Return for how long nothing has been written."""
    if newest.boot == boot_id().replace("-", ""):
        return max(0.0, time.monotonic() - newest.monotonic_s)
    return max(0.0, time.time() - newest.wall_s)
