"""The commands that read and judge a cluster; they need neither Slack nor Redis."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot import clients
from bot.cli import terminal
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say, say_json
from bot.cli.screens import diagnosis as screens
from bot.config import load
from bot.evidence_tables import not_read
from handlers import commands
from handlers.domain.evidence import document as evidence_document
from handlers.errors import Refused
from handlers.judging import diagnosis_of
from runbooks.all_runbooks import ELECTION, RUNBOOKS
from runbooks.evidence import Evidence, Reading
from runbooks.model import Diagnosis
from shared.bounded_files import read_bounded
from shared.whole_files import PRIVATE

EXIT_LED, EXIT_NO_LEADER, EXIT_UNREAD = 0, 1, 3
UNREAD = "could not be read: no node and no agent answers, so nothing is known of its leader"

THERE_ALREADY = "{path} is there already: name another file, or give --force to replace it."

STDIN = Path("-")
MAX_EVIDENCE_BYTES = 64 * 1024 * 1024
"""The evidence of a thousand nodes with full logs."""


def status(
    cluster: Annotated[str, typer.Argument(help="Which cluster; not needed where there is one.")] = "",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Read every node live and say who leads; needs neither Slack nor Redis."""
    _judge_live(asyncio.run(_read(config, cluster)), as_json=as_json)


def diagnose(  # noqa: PLR0917 - typer makes options of them, none is given by position
    cluster: Annotated[str, typer.Option(help="Read this cluster; not needed where there is one.")] = "",
    evidence: Annotated[
        list[Path] | None,
        typer.Option(help="Judge this stored evidence instead, - is stdin; several may be given."),
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(help="More stored evidence to judge.")] = None,
    save: Annotated[Path | None, typer.Option(help="Keep the evidence that was read in this file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --save replace a file that is there.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Judge a cluster, read live or from stored evidence documents, by the leader-election runbook."""
    files = [*(evidence or ()), *(more or ())]
    refuse_stdin_twice(files)
    if len(files) > 1:
        _judge_each(files, save=save, as_json=as_json)
        return
    if save and not force and save.exists():
        raise Refused(THERE_ALREADY.format(path=save))  # before a cluster is read for nothing
    read = evidence_of(files[0] if files else None, config, cluster)
    if save:
        _write(save, read.model_dump_json(indent=2) + "\n", replace=force)
    if files:
        _judge(read, as_json=as_json)
    else:
        _judge_live(read, as_json=as_json)


def _judge_live(read: Evidence, *, as_json: bool) -> None:
    """Judge what was just read, and end with the exit code for it; of what nobody read nothing is judged."""
    if not any_read(read):
        if as_json:
            say_json(json.dumps({"cluster": read.cluster, "error": UNREAD}, indent=2))
        else:
            say(f"{read.cluster}: {UNREAD}")
            say(*not_read(read))
        raise typer.Exit(EXIT_UNREAD)
    diagnosis = _judge(read, as_json=as_json)
    raise typer.Exit(EXIT_LED if diagnosis.leadership.leader else EXIT_NO_LEADER)


def _judge(read: Evidence, *, as_json: bool) -> Diagnosis:
    diagnosis = diagnosis_of(RUNBOOKS[ELECTION], read)
    if as_json:
        say_json(json.dumps(evidence_document.as_json(diagnosis), indent=2, ensure_ascii=False))
    else:
        show(read, diagnosis)
    return diagnosis


def any_read(evidence: Evidence) -> bool:
    """Return whether any node or agent has told anything at all."""
    readings = (reading for node in evidence.nodes for _, reading in node if isinstance(reading, Reading))
    return any(reading.value is not None for reading in readings)


def _judge_each(files: list[Path], *, save: Path | None, as_json: bool) -> None:
    """Judge several stored documents in order; as JSON, one line for each.

    One that cannot be read does not keep the others from being judged; the exit code is 2 then.
    """
    if save:
        raise Refused("--save keeps one reading, so give one --evidence with it, or none.")
    unread = 0
    with terminal.progress("Judging", len(files)) as judged_one:
        for file in files:
            unread += not _judge_stored(file, as_json=as_json)
            judged_one()
    if unread:
        raise typer.Exit(2)


def _judge_stored(file: Path, *, as_json: bool) -> bool:
    """Judge one stored document of several; return whether it could be read."""
    try:
        read = stored(file)
    except Refused as error:
        if as_json:
            say_json(json.dumps({"evidence": str(file), "error": str(error)}))
        else:
            say(error, "")
        return False
    judged = diagnosis_of(RUNBOOKS[ELECTION], read)
    if as_json:
        answer = {"evidence": str(file), **evidence_document.as_json(judged)}
        say_json(json.dumps(answer, ensure_ascii=False))
    else:
        say(file, "")
        show(read, judged)
        say("")
    return True


def refuse_stdin_twice(files: Sequence[Path]) -> None:
    """Refuse more than one `-`, as standard input is there once.

    Raises:
        Refused: If several of the files are standard input.
    """
    if files.count(STDIN) > 1:
        raise Refused("Standard input (-) can be read once: name files for the others.")


def stored(file: Path) -> Evidence:
    """Return the evidence in a file.

    Raises:
        BotError: With what is wrong with the file.
    """
    return evidence_document.parse(_bytes_of(file), str(file))


def evidence_of(file: Path | None, config: Path, cluster: str) -> Evidence:
    """Return the stored evidence, or else read a cluster now.

    Raises:
        BotError: With what is wrong with the file, the configuration or the name.
    """
    if file:
        return stored(file)
    return asyncio.run(_read(config, cluster))


async def _read(config: Path, cluster: str) -> Evidence:
    async with clients.reader(load(config)) as (clusters, _):
        return await clusters.read(commands.resolve_cluster(clusters.clusters, cluster))


def show(evidence: Evidence, judged: Diagnosis) -> None:
    """Print what was read and what it means, as the terminal can show it."""
    terminal.show(lambda look: screens.diagnosis(evidence, judged, look))


def _bytes_of(path: Path) -> bytes:
    try:
        if path != STDIN:
            return read_bounded(path, MAX_EVIDENCE_BYTES)
        content = sys.stdin.buffer.read(MAX_EVIDENCE_BYTES + 1)
        if len(content) > MAX_EVIDENCE_BYTES:
            raise Refused(f"Standard input has more than {MAX_EVIDENCE_BYTES} bytes.")
    except OSError as error:
        hint = "" if path.is_file() or not path.exists() else "; `-` reads standard input"
        raise Refused(f"{path} cannot be read: {error.strerror}{hint}.") from error
    else:
        return content


def _write(path: Path, text: str, *, replace: bool) -> None:
    how = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        # It quotes logs and names hosts, so one that was there is closed to others too.
        with open(os.open(path, how, PRIVATE), "w") as file:  # noqa: PTH123
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                os.fchmod(file.fileno(), PRIVATE)
            file.write(text)
    except FileExistsError as error:
        raise Refused(THERE_ALREADY.format(path=path)) from error
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
