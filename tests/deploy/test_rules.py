"""The shipped alert rules do what their promtool cases say, by promtool and by the built-in evaluator."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from lab.alerting.alerts import Alert, Alerts, advance
from lab.alerting.rules import Rule, load_rules
from lab.alerting.samples import Labels, SampleStore, labels_of

pytestmark = pytest.mark.process

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
ALERTMANAGER = PROMETHEUS.parent / "alertmanager"
CASES = yaml.safe_load((PROMETHEUS / "neumann.rules.test.yml").read_text())["tests"]
STEP_S = 5.0
START = datetime(2026, 1, 1, tzinfo=UTC)


def checked_by(*argv: str, folder: Path) -> None:
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not on PATH")
    run = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_runs_the_rule_cases():
    checked_by("promtool", "test", "rules", "neumann.rules.test.yml", folder=PROMETHEUS)


def test_promtool_accepts_the_example_scrape_configuration_with_the_rules():
    checked_by("promtool", "check", "config", "prometheus.yml", folder=PROMETHEUS)


def test_amtool_accepts_the_receiver():
    checked_by("amtool", "check-config", "alertmanager.yml", folder=ALERTMANAGER)


def test_the_receiver_route_takes_every_shipped_alert():
    routes = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())["route"]["routes"]
    pattern = re.fullmatch(r'alertname =~ "(.+)"', routes[0]["matchers"][0])
    assert pattern is not None
    assert pattern[1].split("|") == [rule.alert for rule in load_rules().rules]


@pytest.mark.parametrize("rule", load_rules().rules, ids=lambda rule: rule.alert)
def test_every_rule_says_what_happened_and_where_to_read_on(rule: Rule):
    assert set(rule.annotations) == {"summary", "description", "runbook_url"}
    assert rule.labels["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_built_in_evaluator_agrees_with_promtools_cases(case: dict[str, Any]):
    for expectation in case["alert_rule_test"]:
        firing = firing_at(case["input_series"], seconds(expectation["eval_time"]), expectation["alertname"])
        expected = [(e["exp_labels"], e["exp_annotations"]) for e in expectation["exp_alerts"]]
        assert [(own_labels(alert), dict(alert.annotations)) for alert in firing] == expected


def firing_at(input_series: list[dict[str, str]], until_s: float, alertname: str) -> list[Alert]:
    rule = next(rule for rule in load_rules().rules if rule.alert == alertname)
    series = [(labels_in(one["series"]), values_in(one["values"])) for one in input_series]
    store = SampleStore()
    alerts: Alerts = {}
    for step in range(int(until_s / STEP_S) + 1):
        for labels, values in series:
            value = values[step] if step < len(values) else None
            if value is not None:
                store.record(str(labels), step * STEP_S, {} if value == "stale" else {labels: float(value)})
        alerts = advance(rule, alerts, rule.query(store, step * STEP_S), step * STEP_S, START)
    return sorted((a for a in alerts.values() if a.stage == "firing"), key=lambda alert: alert.labels)


def own_labels(alert: Alert) -> dict[str, str]:
    return {name: value for name, value in alert.labels if name != "alertname"}


def labels_in(series: str) -> Labels:
    selector = promql_parser.parse(series)
    assert isinstance(selector, promql_parser.VectorSelector)
    pairs = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
    return labels_of({**pairs, "__name__": selector.name or ""})


def values_in(notation: str) -> list[float | str | None]:
    """Expand promtool's notation: `1x2` is 1 1 1, `1+1x2` is 1 2 3, `_x2` is two gaps."""
    values: list[float | str | None] = []
    for word in notation.split():
        found = re.fullmatch(r"(\d+|_)(?:\+(\d+))?x(\d+)", word)
        if found is None:
            values.append("stale" if word == "stale" else float(word))
        elif found[1] == "_":
            values += [None] * int(found[3])
        else:
            values += [float(found[1]) + n * float(found[2] or 0) for n in range(int(found[3]) + 1)]
    return values


def seconds(duration: str) -> float:
    return promql_parser.parse_duration(duration).total_seconds()
