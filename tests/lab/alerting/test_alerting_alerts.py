"""An alert waits, fires, resolves, and is named as Alertmanager names it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.alerting.alerts import Alerts, advance, fingerprint
from lab.alerting.rules import RuleError, parse_rules
from lab.alerting.samples import Vector, labels_of

RECORDED = sorted((Path(__file__).parents[2] / "data" / "webhooks").glob("*.json"))
RULE = parse_rules("""
groups:
  - name: g
    rules:
      - alert: NodeDown
        expr: up == 0
        for: 3s
        labels: {severity: warning, node: "{{ $labels.node }}!"}
        annotations: {summary: "value {{ $value }}"}
""").rules[0]
DOWN: Vector = {labels_of({"__name__": "up", "node": "a"}): 0.0}
START = datetime(2026, 1, 1, tzinfo=UTC)


def watch(*vectors: Vector) -> list[Alerts]:
    """Evaluate the rule once a second."""
    steps: list[Alerts] = []
    for second, vector in enumerate(vectors):
        wall = START + timedelta(seconds=second)
        steps.append(advance(RULE, steps[-1] if steps else {}, vector, float(second), wall))
    return steps


def stages(steps: list[Alerts]) -> list[str]:
    return [" ".join(alert.stage for alert in alerts.values()) for alerts in steps]


def test_it_fires_after_its_wait_and_is_resolved_once():
    steps = watch(DOWN, DOWN, DOWN, DOWN, DOWN, {}, {})
    assert stages(steps) == ["pending", "pending", "pending", "firing", "firing", "resolved", ""]
    (resolved,) = steps[5].values()
    assert resolved.starts_at == START + timedelta(seconds=3)
    assert resolved.ends_at == START + timedelta(seconds=5)


def test_a_short_blip_is_never_heard_of_and_the_wait_starts_anew():
    assert stages(watch(DOWN, DOWN, {}, DOWN, DOWN, DOWN)) == ["pending", "pending", ""] + ["pending"] * 3


def test_it_can_fire_again_after_it_was_resolved():
    steps = watch(*[DOWN] * 4, {}, *[DOWN] * 4)
    assert stages(steps)[3:] == ["firing", "resolved", "pending", "pending", "pending", "firing"]


def test_the_rules_labels_win_and_the_metric_name_goes():
    (alert,) = watch(DOWN)[0].values()
    assert dict(alert.labels) == {"alertname": "NodeDown", "node": "a!", "severity": "warning"}
    assert alert.annotations == {"summary": "value 0"}


def test_two_series_that_give_one_alert_are_an_error():
    both = {labels_of({"__name__": name, "node": "a"}): 0.0 for name in ("up", "down")}
    with pytest.raises(RuleError, match="two series"):
        watch(both)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_fingerprints_are_those_that_alertmanager_computed(path: Path):
    alerts = json.loads(path.read_text())["alerts"]
    assert [fingerprint(labels_of(alert["labels"])) for alert in alerts] == [a["fingerprint"] for a in alerts]
