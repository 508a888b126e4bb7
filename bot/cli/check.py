"""`neumann-bot check`: everything that is wrong, at once, and what was not asked."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import typer
from rich.console import RenderableType

from bot import add_ons
from bot.cli import terminal
from bot.cli.config_doubts import closed_to_the_unit, doubts
from bot.cli.configured_nodes import unpaired
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import say_json
from bot.cli.screens import checks as screens
from bot.cli.usable_parts import parts_of
from bot.config import Settings, load
from bot.config.problems import ConfigProblem, Places, UnusableConfiguration, unknown_variables
from bot.doctor.checked import answers
from handlers.errors import ConfigurationError

OUTSIDE = ("Redis", "Slack")
UNASKED = (
    ("nodes and agents", "`neumann-bot doctor` asks them"),
    ("Alertmanager and Prometheus", "`neumann-bot doctor` asks them"),
)
"""What this command never asks."""


@dataclass(frozen=True)
class Checked:
    """One line of the answer."""

    state: Literal["fine", "wrong", "not asked"]
    what: str
    says: str = ""


def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Say everything that is wrong with the configuration, its secrets and keys, and with Redis and Slack.

    Every user group and channel is asked for. What was not asked is said to be so.
    """
    try:
        settings = load(config)
    except UnusableConfiguration as error:
        wrong = (*error.problems, *unknown_variables(os.environ, Settings))
        _tell([*_wrong(wrong), *_unasked("the configuration cannot be used")], as_json=as_json)
        raise typer.Exit(2) from error
    found = list(_wrong(_configured_wrongly(settings, config)))
    outside, why_not = asyncio.run(_outside(settings))
    if why_not and not found:
        found.append(Checked("wrong", str(config), str(why_not).removesuffix(".")))
    if not found:
        found.append(Checked("fine", str(config), "clusters " + ", ".join(c.name for c in settings.clusters)))
    found += [Checked("wrong", sentence) for sentence in add_ons.register(settings.runbooks)]
    found += outside
    found += [Checked("wrong", sentence) for sentence in unpaired(settings)]
    found += [Checked("not asked", *unasked) for unasked in UNASKED]
    _tell(found, as_json=as_json)
    raise typer.Exit(2 if why_not else int(any(each.state == "wrong" for each in found)))


def _configured_wrongly(settings: Settings, config: Path) -> Iterator[ConfigProblem]:
    places = Places(config, config.read_text(), os.environ)
    yield from unknown_variables(os.environ, Settings)
    yield from (places.problem(at, what) for at, what in doubts(settings))
    yield from (ConfigProblem(str(file), "", what) for file, what in closed_to_the_unit(settings, config))


async def _outside(settings: Settings) -> tuple[list[Checked], ConfigurationError | None]:
    """Return what Redis and Slack say, as far as they can be asked, and why the bot cannot start."""
    try:
        async with parts_of(settings) as parts:
            return [Checked(*each) async for each in answers(parts.doctor.patient)], parts.why_not
    except ConfigurationError as error:  # of Redis' address
        return [Checked("not asked", what, str(error)) for what in OUTSIDE], error


def _wrong(problems: Iterator[ConfigProblem] | tuple[ConfigProblem, ...]) -> Iterator[Checked]:
    yield from (Checked("wrong", str(problem)) for problem in problems)


def _unasked(why: str) -> Iterator[Checked]:
    yield from (Checked("not asked", what, why) for what in (*OUTSIDE, *(what for what, _ in UNASKED)))


def _tell(found: list[Checked], *, as_json: bool) -> None:
    if as_json:
        say_json(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        terminal.show(partial(_shown, each), err=each.state == "wrong")
    states = Counter(each.state for each in found)
    terminal.show(lambda look: screens.verdict(states["wrong"], states["not asked"], 0, look))


def _shown(each: Checked, look: terminal.Look) -> Iterator[RenderableType]:
    said = each.what + (f": {each.says}" if each.says else "")
    return screens.line(each.state, f"{each.state}: ", said, look)
