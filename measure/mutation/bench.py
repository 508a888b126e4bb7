"""Run the tests on mutants: each in a process of its own, on a copy of the project."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from measure.mutation.edits import Mutant
from measure.mutation.tracing import Tracing

Outcome = Literal["killed", "hung", "survived"]
COPIED = ("agent", "bot", "handlers", "runbooks", "shared", "lab", "tests", "deploy", "pyproject.toml")
# Imported once, so that no test run has to: half a second each.
HEAVY = (
    "httpx", "msgspec", "nacl.signing", "pydantic", "starlette.applications", "tomlkit", "trustme", "uvicorn",
    "uvicorn.protocols.http.httptools_impl", "uvloop", "sqlite3",
)  # fmt: skip
# Processes of their own, in which no line can be traced; and what only makes the mass larger.
IGNORED = ("test_command.py", "test_fuzz.py", "test_kill9.py", "test_faketime.py", "test_install.py")
STEPS = 20


@dataclass(frozen=True)
class Bench:
    """The project, a folder for copies of it, and for each file to be mutated the tests that may notice."""

    root: Path
    folder: Path
    tests: dict[str, tuple[str, ...]]

    def copy(self, name: str) -> Path:
        """Make a copy of the project."""
        copy = self.folder / name
        copy.mkdir()
        for part in COPIED:
            if (self.root / part).is_dir():
                shutil.copytree(self.root / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(self.root / part, copy / part)
        return copy


@dataclass(frozen=True)
class Traced:
    """Which tests ran each line of each file, how long each took, and where the tests of each file are."""

    lines: dict[str, dict[str, list[str]]]
    took_s: dict[str, float]
    mapped: dict[str, tuple[str, ...]]

    def tests_of(self, file: str, mutant: Mutant) -> list[str]:
        """Return the tests that can notice, the quick ones first; all where it is met at import."""
        if mutant.lines:
            found = {test for line in mutant.lines for test in self.lines[file].get(str(line), ())}
        else:
            found = {test for test in self.took_s if test.startswith(self.mapped[file])}
        return sorted(found, key=lambda test: self.took_s[test])


def run_all(
    bench: Bench, mutants: dict[str, list[Mutant]], jobs: int
) -> dict[str, list[tuple[Mutant, Outcome]]]:
    """Run what can notice each mutant; print the progress, and what survives, to stderr."""
    for name in HEAVY:
        importlib.import_module(name)
    copies = [bench.copy(str(number)) for number in range(jobs)]
    traced = trace(bench, copies[0])
    outcomes: dict[str, list[tuple[Mutant, Outcome]]] = {file: [] for file in mutants}
    work = [
        (file, mutant, traced.tests_of(file, mutant)) for file, made in mutants.items() for mutant in made
    ]
    # What no test comes by is told at once.
    for file, mutant, tests in work:
        if not tests:
            outcomes[file].append((mutant, "survived"))
    queue = [item for item in work if item[2]]
    start_s = time.monotonic()
    for done, ((file, mutant, _), outcome) in enumerate(_in_parallel(queue, copies, traced), start=1):
        outcomes[file].append((mutant, outcome))
        if outcome == "survived":
            print(f"{file}:{mutant.line}: {mutant.told}", file=sys.stderr, flush=True)
        if done % STEPS == 0:
            print(
                f"{done} of {len(queue)} in {time.monotonic() - start_s:.0f} s", file=sys.stderr, flush=True
            )
    for judged in outcomes.values():
        judged.sort(key=lambda pair: pair[0].line)
    return outcomes


def trace(bench: Bench, copy: Path) -> Traced:
    """Run the tests as they are, and see that they notice a file that cannot be imported.

    Raises:
        SystemExit: If a test fails without any mutant.
    """
    files, saved = list(bench.tests), bench.folder / "traced.json"
    where = sorted({place for places in bench.tests.values() for place in places})

    def run() -> int:
        tracing = Tracing(copy, files)
        code = _pytest([*where, *(f"--ignore-glob=*{name}" for name in IGNORED)], copy, plugins=[tracing])
        tracing.save(saved)
        return code

    if _wait(_child(copy, run), 1200) != "survived":
        sys.exit(f"The tests fail as they are:\n{(copy / 'log').read_text()[-4000:]}")
    document = json.loads(saved.read_text())
    traced = Traced(document["lines"], document["took_s"], bench.tests)
    for file in files:
        broken = Mutant(1, frozenset(), "", "", "raise SystemError('a mutant is met')\n")
        tests = traced.tests_of(file, broken)[:1]
        if not tests or _wait(_start(file, broken, tests, copy), 60) != "killed":
            said = (copy / "log").read_text()[-2000:]
            sys.exit(f"The tests do not run the copy of {file}: {tests}\n{said}")
        _restore(copy, file, bench.root)
    return traced


Work = tuple[str, Mutant, list[str]]


def _in_parallel(queue: list[Work], copies: list[Path], traced: Traced) -> Iterator[tuple[Work, Outcome]]:
    waiting, free = list(reversed(queue)), list(copies)
    running: dict[int, tuple[Work, Path, str, float]] = {}
    while waiting or running:
        while waiting and free:
            work, copy = waiting.pop(), free.pop()
            file, mutant, tests = work
            original = (copy / file).read_text()
            # Three times what the tests take together, traced, and a start on a busy machine.
            deadline_s = time.monotonic() + 20 + 3 * sum(traced.took_s[test] for test in tests)
            running[_start(file, mutant, tests, copy)] = (work, copy, original, deadline_s)
        for process in list(running):
            work, copy, original, deadline_s = running[process]
            outcome = _outcome(process, deadline_s)
            if outcome:
                del running[process]
                (copy / work[0]).write_text(original)
                free.append(copy)
                yield work, outcome
        time.sleep(0.02)


def _start(file: str, mutant: Mutant, tests: Iterable[str], copy: Path) -> int:
    (copy / file).write_text(mutant.source)
    return _child(copy, lambda: _pytest(["-x", *tests], copy))


def _restore(copy: Path, file: str, root: Path) -> None:
    shutil.copy2(root / file, copy / file)


def _pytest(arguments: list[str], copy: Path, plugins: list[object] | None = None) -> int:
    # anyio, a plugin too, is among what is imported already.
    quiet = ["-q", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    both_rings = ("-m", "not exhaustive and not slow and not browser")
    options = [*quiet, *both_rings, "-p", "no:cacheprovider", f"--basetemp={copy / 'tmp'}"]
    return int(pytest.main([*options, *arguments], plugins=plugins))


def _child(copy: Path, run: Callable[[], int]) -> int:
    """Run something in a copy of the project, in a process of its own; return that one's id."""
    process = os.fork()
    if process:
        return process
    code = 3
    try:
        os.setsid()
        os.chdir(copy)
        log = os.open(copy / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        # Two mutants of one size within a second would share a compiled file.
        sys.dont_write_bytecode = True
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
        sys.path[:] = [
            str(copy),
            *(place for place in sys.path if place and Path(place) != Path(__file__).parents[2]),
        ]
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        code = run()
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _outcome(process: int, deadline_s: float) -> Outcome | None:
    ended, status = os.waitpid(process, os.WNOHANG)
    if ended == 0 and time.monotonic() < deadline_s:
        return None
    # The process, and whatever its tests have left.
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    if ended == 0:
        os.waitpid(process, 0)
        return "hung"
    return "survived" if status == 0 else "killed"


def _wait(process: int, timeout_s: float) -> Outcome:
    deadline_s = time.monotonic() + timeout_s
    while True:
        outcome = _outcome(process, deadline_s)
        if outcome:
            return outcome
        time.sleep(0.02)
