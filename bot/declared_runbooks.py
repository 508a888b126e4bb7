"""Runbooks that are TOML files: found by path, by folder or among those that ship with the bot, and read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from bot.config.problems import ConfigProblem, Places, problems_of
from handlers.errors import Refused
from runbooks.declared import DeclaredRunbook
from runbooks.declared.document import Document
from shared import bounded_toml
from shared.bounded_files import read_bounded_text

ENDING = ".toml"
MAX_FILE_BYTES = 65_536
"""Eight times what a thread shows, for comments."""


class UnusableRunbook(Refused):
    """The file is no runbook, for one reason or several."""

    def __init__(self, file: Path, problems: tuple[ConfigProblem, ...]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more: `neumann-bot runbook lint {file}`)" if problems[1:] else ""
        super().__init__(f"{problems[0]}{more}.")


def is_file(entry: str) -> bool:
    """Return whether an entry of `runbooks` names a file or a folder, and no runbook."""
    return entry.endswith(ENDING) or "/" in entry


def paths_of(entry: str) -> tuple[Path, ...]:
    """Return the file that an entry names; of a folder, each runbook in it.

    Raises:
        Refused: If the folder cannot be read or has no runbook.
    """
    path = Path(entry)
    try:
        if not path.is_dir():
            return (path,)
        found = tuple(sorted(each for each in path.iterdir() if each.suffix == ENDING))
    except OSError as error:
        raise Refused(f"The runbooks in {path} cannot be read: {error.strerror}.") from error
    if not found:
        raise Refused(f"The folder {path} has no runbook: their names end in {ENDING}.")
    return found


def shipped() -> Mapping[str, Path]:
    """Return the files of the runbooks that ship with the bot, by name; each is used where it is named."""
    folder = Path(str(files("runbooks.declared") / "shipped"))
    return {file.stem: file for file in sorted(folder.glob(f"*{ENDING}"))}


def read(file: Path) -> DeclaredRunbook:
    """Return the runbook in a file, not yet held against the others.

    Raises:
        UnusableRunbook: With everything that is wrong in it.
        Refused: If it cannot be read at all.
    """
    try:
        text = read_bounded_text(file, MAX_FILE_BYTES)
    except OSError as error:
        raise Refused(f"The runbook {file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"The runbook {file} is not UTF-8.") from error
    try:
        document = bounded_toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableRunbook(file, (ConfigProblem(str(file), "", f"is not TOML: {error}"),)) from error
    try:
        return DeclaredRunbook(Document.model_validate(document), str(file))
    except ValidationError as error:
        raise UnusableRunbook(file, problems_of(error, Document, Places(file, text, {}))) from error
