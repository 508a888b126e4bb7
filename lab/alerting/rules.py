"""Prometheus rule files: read, checked against what the evaluator can do, and sped up for the lab."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from lab.alerting.promql import PromQLError, Query, compile_query
from lab.alerting.samples import Labels

SHIPPED_RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "neumann.rules.yml"
"""The alert rules that are installed into a real Prometheus."""

_FIELD = re.compile(r"\{\{\s*(?:\$labels\.(\w+)|(\$value))\s*\}\}")
_RANGE_OR_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\[([0-9a-z]+)\]')


class RuleError(Exception):
    """The rule file cannot be used: it is malformed, or it asks for more than the evaluator knows."""


@dataclass(frozen=True)
class Rule:
    """One alerting rule; annotations and labels may hold {{ $labels.name }} and {{ $value }}."""

    alert: str
    expr: str
    for_s: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    query: Query = field(repr=False, compare=False)


@dataclass(frozen=True)
class RuleSet:
    """The rules of one file, by group."""

    groups: Mapping[str, tuple[Rule, ...]]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order of the file."""
        return tuple(rule for group in self.groups.values() for rule in group)

    def to_yaml(self) -> str:
        """Return the rules as a file that Prometheus reads."""
        groups = [
            {"name": name, "rules": [_as_yaml(r) for r in rules]} for name, rules in self.groups.items()
        ]
        return yaml.safe_dump({"groups": groups}, sort_keys=False, width=110)


def load_rules(path: Path = SHIPPED_RULES) -> RuleSet:
    """Read a Prometheus rule file of alerting rules.

    Raises RuleError, naming the rule, for anything that the built-in evaluator would not carry out.
    """
    return parse_rules(path.read_text(encoding="utf-8"))


def parse_rules(text: str) -> RuleSet:
    """Read the text of a rule file. Raises RuleError."""
    try:
        groups = yaml.safe_load(text)["groups"]
        return RuleSet({group["name"]: tuple(_rule(fields) for fields in group["rules"]) for group in groups})
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise RuleError(f"not a rule file: {error!r}") from error


def scaled(rules: RuleSet, speed: float) -> RuleSet:
    """Return the same rules with every `for` and every range divided by speed."""
    return RuleSet(
        {name: tuple(_scaled(rule, speed) for rule in group) for name, group in rules.groups.items()}
    )


def fill(template: str, labels: Labels, value: float) -> str:
    """Fill in {{ $labels.name }} (empty where there is none) and {{ $value }}."""
    names = dict(labels)
    shown = str(int(value)) if value.is_integer() else repr(value)
    return _FIELD.sub(lambda found: shown if found[2] else names.get(found[1], ""), template)


def _rule(fields: dict[str, Any]) -> Rule:
    name = fields["alert"]
    if unknown := fields.keys() - {"alert", "expr", "for", "labels", "annotations"}:
        raise RuleError(f"{name}: unsupported {', '.join(sorted(unknown))}")
    labels, annotations = fields.get("labels", {}), fields.get("annotations", {})
    for text in (*labels.values(), *annotations.values()):
        if "{{" in _FIELD.sub("", text):
            raise RuleError(
                f"{name}: only {{{{ $labels.x }}}} and {{{{ $value }}}} are supported, not {text!r}"
            )
    try:
        for_s = promql_parser.parse_duration(fields.get("for", "0s")).total_seconds()
        query = compile_query(fields["expr"])
    except (ValueError, PromQLError) as error:
        raise RuleError(f"{name}: {error}") from error
    return Rule(name, fields["expr"].strip(), for_s, labels, annotations, query)


def _scaled(rule: Rule, speed: float) -> Rule:
    def shorter(found: re.Match[str]) -> str:
        if found[1] is None:  # a quoted string, which only looks like a range
            return found[0]
        return f"[{_duration(promql_parser.parse_duration(found[1]).total_seconds() / speed)}]"

    expr = _RANGE_OR_STRING.sub(shorter, rule.expr)
    return replace(rule, expr=expr, for_s=rule.for_s / speed, query=compile_query(expr))


def _duration(seconds: float) -> str:
    return promql_parser.display_duration(timedelta(milliseconds=max(1, round(seconds * 1000))))


def _as_yaml(rule: Rule) -> dict[str, Any]:
    hold = {"for": _duration(rule.for_s)} if rule.for_s else {}
    return {
        "alert": rule.alert,
        "expr": rule.expr,
        **hold,
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
    }
