"""Write the package that a new runbook begins with."""

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
            f"{alert[:80]!r} is no alert name: Prometheus' are letters, digits and _, such as DiskSpaceLow."
        )
    if other := of_alert(alert):
        raise Refused(f"The alert {alert} belongs to the runbook {other.NAME}.")


def _texts(name: str, alert: str) -> dict[str, str]:
    """Return what the package's files hold, by their place in its folder."""
    word = name.replace("-", "_")
    module = f"neumann_runbook_{word}"
    title = name.replace("-", " ").capitalize()
    words = {"name": name, "word": word, "module": module, "alert": alert, "title": title}
    places = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}/__init__.py": "runbook.py",
        f"tests/test_{word}.py": "test.py",
    }
    skeleton = files("bot.cli.runbook") / "skeleton"
    return {
        place: Template((skeleton / f"{source}.txt").read_text(encoding="utf-8")).substitute(words)
        for place, source in places.items()
    }
