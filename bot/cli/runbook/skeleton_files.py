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
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_CHARS:
        raise Refused(
            f"{name[:80]!r} is no name for a runbook: take words in small letters, joined by hyphens."
        )
    if name in RUNBOOKS:
        raise Refused(f"There is a runbook {name} already.")
    if not _ALERT.fullmatch(alert):
        raise Refused(
            f"{alert[:80]!r} is no alert name: Prometheus' are letters, digits and _, such as DiskSpaceLow."
        )
    if other := of_alert(alert):
        raise Refused(f"The alert {alert} belongs to the runbook {other.NAME}.")
    folder = into / f"neumann-runbook-{name}"
    word = name.replace("-", "_")
    module = f"neumann_runbook_{word}"
    words = {
        "name": name,
        "word": word,
        "module": module,
        "alert": alert,
        "title": name.replace("-", " ").capitalize(),
    }
    places = {
        "pyproject.toml": folder / "pyproject.toml",
        "README.md": folder / "README.md",
        "runbook.py": folder / module / "__init__.py",
        "test.py": folder / "tests" / f"test_{word}.py",
    }
    try:
        folder.mkdir(parents=True)
        for source, place in places.items():
            text = (files("bot.cli.runbook") / "skeleton" / f"{source}.txt").read_text(encoding="utf-8")
            place.parent.mkdir(exist_ok=True)
            place.write_text(Template(text).substitute(words), encoding="utf-8")
    except FileExistsError as error:
        raise Refused(f"{folder} is there already; nothing was written.") from error
    except OSError as error:
        raise Refused(f"{folder} cannot be written: {error.strerror}.") from error
    return folder
