"""What the shipped alert rules say of an alert; Prometheus alone evaluates their expressions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

SHIPPED_RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "neumann.rules.yml"
"""The alert rules that are installed into a real Prometheus."""

_SECONDS = {"s": 1.0, "m": 60.0}
_HOLD_OR_RANGE = re.compile(r"(?<=\bfor: )\d+[sm]\b|(?<=\[)\d+[sm](?=\])")
_FIELD = re.compile(r"\{\{ \$(?:labels\.(\w+)|value)(?: \| (\w+))? \}\}")
_FORMATS: Mapping[str | None, Callable[[float], str]] = {
    None: "{:.0f}".format,
    "humanize": "{:.4g}".format,
    "humanizePercentage": lambda share: f"{100 * share:.4g}%",
}
"""How Prometheus' template functions show a value of the size that the lab makes."""


@dataclass(frozen=True)
class RuleWords:
    """One rule's labels, annotations and expression as written, and how long it waits before it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    expr: str
    for_s: float

    def filled(self, labels: Mapping[str, str], value: float) -> dict[str, str]:
        """Return the annotations with the alert's labels and value in place of the templates."""
        return {
            name: _FIELD.sub(lambda found: labels[found[1]] if found[1] else _FORMATS[found[2]](value), text)
            for name, text in sorted(self.annotations.items())
        }


def read_rules(speed: float = 1.0) -> dict[str, RuleWords]:
    """Read the shipped rules by alert name, every wait divided by `speed`."""
    groups = yaml.safe_load(SHIPPED_RULES.read_text(encoding="utf-8"))["groups"]
    return {
        rule["alert"]: RuleWords(
            rule["labels"], rule["annotations"], rule["expr"].strip(), _seconds(rule["for"]) / speed
        )
        for group in groups
        for rule in group["rules"]
    }


def quickened_rules(speed: float) -> str:
    """Return the text of the shipped rules with every `for` and every range divided by `speed`."""

    def shorter(found: re.Match[str]) -> str:
        return f"{max(1, round(_seconds(found[0]) / speed * 1000))}ms"

    return _HOLD_OR_RANGE.sub(shorter, SHIPPED_RULES.read_text(encoding="utf-8"))


def _seconds(duration: str) -> float:
    return float(duration[:-1]) * _SECONDS[duration[-1]]
