"""`make chart`: lint, render and pack the Helm chart with Helm's own library; prints JSON or a file's name.

`python -m measure.chart lint|render|package [VALUES|FOLDER]`. Run as a process of its own: the library
brings Go's runtime and its signal handlers with it.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "helm" / "neumann-bot"
ERROR = 3
"""Helm's severity of what a chart may not have; 2 is a warning, 1 a hint."""


def lint(values: dict[str, Any]) -> list[str]:
    """Return what Helm's linter finds beyond hints."""
    report = _helm().chart.lint(CHART, values, strict=True)
    return [f"{each['path']}: {each['error']}" for each in report["messages"] if each["severity"] > 1]


def render(values: dict[str, Any]) -> dict[str, str]:
    """Return the text of each template with these values, as `helm template` would.

    Raises:
        HelmError: If the values do not fit the schema, or a template refuses them.
    """
    with _helm().Chart.load(CHART) as chart:
        chart.validate_schema(values)
        rendered: dict[str, str] = chart.render(values, name="neumann-bot", namespace="incidents")
        return rendered


def _helm() -> Any:
    return importlib.import_module("helm_python")


def main() -> int:
    """Do what is asked; return 1 where the chart is not as it should be."""
    what, *given = sys.argv[1:]
    if what == "package":
        print(_helm().chart.package(CHART, destination=given[0]))
        return 0
    values = json.loads(given[0]) if given else {}
    try:
        found: object = lint(values) if what == "lint" else render(values)
    except _helm().HelmError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(found))
    return int(what == "lint" and bool(found))


if __name__ == "__main__":
    sys.exit(main())
