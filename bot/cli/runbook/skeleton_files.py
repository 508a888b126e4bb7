"""Write what a new runbook begins with: a package, or a file of text."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from handlers.errors import Refused
from runbooks.all_runbooks import RUNBOOKS, of_alert

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ALERT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
MAX_NAME_CHARS = 40


def write_skeleton(name: str, alert: str, into: Path) -> Path:
    """Return the folder that was made in `into`, with a package in it.

    Raises:
        Refused: If the name or the alert cannot be used, or something is there already.
    """
    _refuse_name(name)
    _refuse_alert(alert)
    folder = into / f"neumann-runbook-{name}"
    try:
        folder.mkdir(parents=True)
        for place, text in _texts(name, alert).items():
            (folder / place).parent.mkdir(exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
    except FileExistsError as error:
        raise Refused(f"{folder} is there already; nothing was written.") from error
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}.") from error
    return folder


def write_declared(name: str, alert: str, into: Path) -> Path:
    """Return the TOML file that was written in `into`; raises as `write_skeleton` does."""
    _refuse_name(name)
    _refuse_alert(alert)
    file = into / f"{name}.toml"
    try:
        into.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as written:
            written.write(_filled("runbook.toml", _words(name, alert)))
    except FileExistsError as error:
        raise Refused(f"{file} is there already; nothing was written.") from error
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}.") from error
    return file


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARS:
        raise Refused(
            f"{name[:80]!r} is no name for a runbook: take words in small letters, joined by hyphens."
        )
    if name in RUNBOOKS:
        raise Refused(f"There is a runbook {name} already.")


def _refuse_alert(alert: str) -> None:
    if not _ALERT.fullmatch(alert):
        raise Refused(
            f"{alert[:80]!r} is no alert name: Prometheus' are letters, digits and _, such as RootDiskFull."
        )
    if other := of_alert(alert):
        raise Refused(f"The alert {alert} belongs to the runbook {other.NAME}.")


def _texts(name: str, alert: str) -> dict[str, str]:
    """Return what the package's files hold, by their place in its folder."""
    words = _words(name, alert)
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{words['module']}/__init__.py": "runbook.py",
        f"tests/test_{words['word']}.py": "test.py",
    }
    return {place: _filled(source, words) for place, source in places.items()}


def _words(name: str, alert: str) -> dict[str, str]:
    """Return what stands for the skeleton's `$` words."""
    word = name.replace("-", "_")
    module, title = f"neumann_runbook_{word}", name.replace("-", " ").capitalize()
    return {"name": name, "word": word, "module": module, "alert": alert, "title": title}


def _filled(source: str, words: dict[str, str]) -> str:
    skeleton = files("bot.cli.runbook") / "skeleton" / f"{source}.txt"
    return Template(skeleton.read_text(encoding="utf-8")).substitute(words)
