"""Read Neumann's log from where it is: a file, or the journal of its unit where there is none."""

from __future__ import annotations

import asyncio

from agent.errors import NoLogFileError, ReadingError
from agent.protocol import Log
from agent.readings.certificates import own_hosts
from agent.readings.journal import read_journal
from agent.readings.log_summary import read_log_file
from agent.settings import Settings


def _read_files(settings: Settings) -> Log:
    return read_log_file(settings.log_files, own_hosts=own_hosts(settings))


async def read_log(settings: Settings) -> Log:
    """Read and summarise the first of the log files that exists, or else the journal.

    Raises:
        ReadingError: If neither can be read; `ReadingNotPermittedError` if only the right is missing.
    """
    try:
        return await asyncio.to_thread(_read_files, settings)
    except NoLogFileError as no_file:
        if settings.kubernetes:
            raise  # a pod has no journal of its own
        try:
            return await read_journal(settings)
        except ReadingError as no_journal:
            raise type(no_journal)(f"{no_file} {no_journal}") from no_journal
