"""What is wrong with a configuration: where it stands, which key, and how it is mended."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config.lines import Path, line_of, lines_of_keys
from handlers.domain.complaints import complaint
from handlers.errors import ConfigurationError

ENV_PREFIX = "NEUMANN_BOT_"
ENV_DELIMITER = "__"
OWN_VARIABLES = frozenset({"NEUMANN_BOT_CONFIG"})
"""Variables of that prefix which are options of the command line."""

MAX_PROBLEMS = 100
"""A file with more is no attempt at one; each costs the time of its words."""

_WORDS = {
    "missing": "is missing; add it",
    "model_type": "is a section of its own",
    "model_attributes_type": "is a section of its own",
}
_WRITE_A_FILE = 'secrets are not written here: write { file = "/path/of/the/secret" }'


@dataclass(frozen=True)
class ConfigProblem:
    """One thing that is wrong. `place` is a file with its line, or the environment variable it came from."""

    place: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.key}: {self.what}" if self.key else f"{self.place}: {self.what}"


class UnusableConfiguration(ConfigurationError):  # noqa: N818  it says what is wrong, in words
    """The configuration says what cannot be, in one place or several."""

    def __init__(self, problems: tuple[ConfigProblem, ...]) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more: `neumann-bot check` tells all)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}.")


class Places:
    """Finds where a key's value came from: a line of the file, or the environment, which goes before it."""

    def __init__(self, file: object, text: str, environment: Mapping[str, str]) -> None:
        self._file, self._lines = file, lines_of_keys(text)
        self._variables = {name.upper() for name in environment}

    def problem(self, path: Path, what: str) -> ConfigProblem:
        """Return a problem of the key at a path."""
        return ConfigProblem(self._place(path), ".".join(map(str, path)), what)

    def _place(self, path: Path) -> str:
        for end in range(len(path), 0, -1):
            variable = ENV_PREFIX + ENV_DELIMITER.join(map(str, path[:end])).upper()
            if variable in self._variables:
                return f"the environment variable {variable}"
        line = line_of(self._lines, path)
        return f"{self._file}:{line}" if line else str(self._file)


def problems_of(error: ValidationError, model: type[BaseModel], places: Places) -> tuple[ConfigProblem, ...]:
    """Return what a validation has found, up to a number that people read; a last one says of the others.

    No value is quoted, since it might be a secret.
    """
    found = error.errors(include_url=False, include_input=False, include_context=True)
    shown = [each for each in found[:MAX_PROBLEMS] if not _only_follows(each, found)]
    problems = tuple(_problem(each, model, places) for each in shown)
    more = len(found) - MAX_PROBLEMS
    return (*problems, places.problem((), f"has {more} more problems")) if more > 0 else problems


def _only_follows(one: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """Return whether a list is said to be too short because what stands in it is wrong."""
    if one["type"] != "too_short":
        return False
    path: Path = one["loc"]
    return any(other["loc"][: len(path)] == path and other["loc"] != path for other in found)


def unknown_variables(environment: Mapping[str, str], model: type[BaseModel]) -> Iterator[ConfigProblem]:
    """Yield the variables that look like settings and are none: they would be passed over in silence."""
    for name in sorted(environment):
        if not name.startswith(ENV_PREFIX) or name in OWN_VARIABLES:
            continue
        section = name.removeprefix(ENV_PREFIX).partition(ENV_DELIMITER)[0].lower()
        if section not in model.model_fields:
            what = f"sets nothing: there is no section `{section}`{_did_you_mean(section, model)}"
            yield ConfigProblem(f"the environment variable {name}", "", what)


def _problem(found: ErrorDetails, model: type[BaseModel], places: Places) -> ConfigProblem:
    path: Path = found["loc"]
    kind = found["type"]
    if kind == "extra_forbidden":
        within = _model_at(model, path[:-1])
        what = "is not a key that the bot knows" + (_did_you_mean(str(path[-1]), within) if within else "")
        return places.problem(path, what)
    at = _model_at(model, path)
    if kind in ("model_type", "model_attributes_type") and at and set(at.model_fields) == {"file"}:
        return places.problem(path, _WRITE_A_FILE)
    return places.problem(path, _WORDS.get(kind) or complaint(found))


def _did_you_mean(name: str, model: type[BaseModel]) -> str:
    close = difflib.get_close_matches(name, model.model_fields, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else f"; there are {', '.join(model.model_fields)}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Return which section a path leads to."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = found.model_fields.get(part) if found else None
        found = next(_models_in(field.annotation), None) if field else None
    return found


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
