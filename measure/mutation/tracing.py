"""Which test runs through which line: a pytest plugin."""

from __future__ import annotations

import json
import sys
import threading
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest


class Tracing:
    """Notes, for some files, the tests that run each line, and how long every test takes in seconds."""

    def __init__(self, root: Path, files: list[str]) -> None:
        self._files = {str(root / file): file for file in files}
        self._test = ""
        self.lines: dict[str, dict[int, set[str]]] = {file: defaultdict(set) for file in files}
        self.took_s: dict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._test = item.nodeid
        # Threads too: the ledger is written to from them. Anew for each test, since one that recurses to the
        # end ends the tracing too.
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took_s[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def save(self, path: Path) -> None:
        lines = {
            file: {line: sorted(tests - {""}) for line, tests in by_line.items()}
            for file, by_line in self.lines.items()
        }
        path.write_text(json.dumps({"lines": lines, "took_s": self.took_s, "failed": self.failed}))

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self._files else None

    def _line(self, frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            self.lines[self._files[frame.f_code.co_filename]][frame.f_lineno].add(self._test)
        return self._line
