"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path, typer.Option("--config", envvar="NEUMANN_BOT_CONFIG", help="The configuration file (TOML).")
]
DEFAULT_CONFIG = Path("neumann-bot.toml")
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
