"""The webhook body is, field by field, what a real Alertmanager sent."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.alerting.webhook import STILL_FIRING, Alert, webhook_body

WEBHOOKS = Path(__file__).parents[2] / "data" / "webhooks"


def as_alert(recorded: dict[str, Any]) -> Alert:
    expr = parse_qs(urlsplit(recorded["generatorURL"]).query).get("g0.expr", [""])[0]
    ends = None if recorded["endsAt"] == STILL_FIRING else datetime.fromisoformat(recorded["endsAt"])
    starts = datetime.fromisoformat(recorded["startsAt"])
    return Alert(recorded["labels"], recorded["annotations"], expr, starts, ends)


@pytest.mark.parametrize("name", ["noleader_firing", "noleader_resolved"])
def test_a_body_built_from_a_recorded_ones_alerts_is_the_recorded_one(name: str):
    recorded = json.loads((WEBHOOKS / f"{name}.json").read_text())
    alerts = [as_alert(alert) for alert in recorded["alerts"]]
    body = webhook_body(recorded["groupLabels"], alerts, "http://prometheus:9090")
    recorded |= {"receiver": "neumann-bot", "externalURL": "http://prometheus:9090"}
    assert json.dumps(body) == json.dumps(recorded)  # the order of the fields too


def test_a_group_fires_while_one_of_its_alerts_does():
    recorded = json.loads((WEBHOOKS / "grouped_mixed_one_resolved.json").read_text())
    alerts = [as_alert(alert) for alert in recorded["alerts"]]
    body = webhook_body(recorded["groupLabels"], alerts, recorded["externalURL"])
    for field in (
        "status",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "groupKey",
        "truncatedAlerts",
    ):
        assert body[field] == recorded[field]
    assert [alert["status"] for alert in body["alerts"]] == ["resolved", "firing"]
