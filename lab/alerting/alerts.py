"""One alert of a rule: pending, then firing, then resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import quote_plus

from lab.alerting.rules import Rule, RuleError, fill
from lab.alerting.samples import Labels, Vector, labels_of

_FNV_OFFSET, _FNV_PRIME, _64_BITS = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF


def fingerprint(labels: Labels) -> str:
    """Return the 16 hexadecimal digits by which Alertmanager names an alert.

    64-bit FNV-1a over the sorted names and values, a 0xff byte after each: LabelSet.Fingerprint in
    Prometheus' common/model/signature.go.
    """
    digest = _FNV_OFFSET
    for part in (part for pair in labels for part in pair):
        for byte in (*part.encode(), 0xFF):
            digest = ((digest ^ byte) * _FNV_PRIME) & _64_BITS
    return f"{digest:016x}"


@dataclass(frozen=True)
class Alert:
    """An alert as of one evaluation; active_at_s is on the evaluation's clock, the dates are wall time."""

    labels: Labels
    annotations: Mapping[str, str]
    expr: str
    stage: Literal["pending", "firing", "resolved"]
    active_at_s: float
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def name(self) -> str:
        """The alertname."""
        return dict(self.labels)["alertname"]

    @property
    def generator_query(self) -> str:
        """The query part of a link to the rule's graph in Prometheus."""
        return f"g0.expr={quote_plus(' '.join(self.expr.split()))}&g0.tab=1"


Alerts = Mapping[Labels, Alert]


def advance(rule: Rule, before: Alerts, vector: Vector, now_s: float, wall: datetime) -> dict[Labels, Alert]:
    """Return the rule's alerts after an evaluation that yielded vector.

    before: what the last call returned. now_s: the evaluation's clock, in seconds. An alert that stops
    firing is returned once as resolved; one that was only pending is gone. Raises RuleError if two series
    give one label set.
    """
    after: dict[Labels, Alert] = {}
    for series, value in vector.items():
        alert = _active(rule, before, series, value, now_s)
        if alert.labels in after:
            raise RuleError(f"{rule.alert}: two series give the alert {alert.labels}")
        if alert.stage == "pending" and now_s - alert.active_at_s >= rule.for_s:
            alert = replace(alert, stage="firing", starts_at=wall)
        after[alert.labels] = alert
    for labels, alert in before.items():
        if alert.stage == "firing" and labels not in after:
            after[labels] = replace(alert, stage="resolved", ends_at=wall)
    return after


def _active(rule: Rule, before: Alerts, series: Labels, value: float, now_s: float) -> Alert:
    own = {name: fill(text, series, value) for name, text in rule.labels.items()}
    kept = {name: text for name, text in series if name != "__name__"}
    labels = labels_of({**kept, **own, "alertname": rule.alert})
    annotations = {name: fill(text, series, value) for name, text in rule.annotations.items()}
    known = before.get(labels)
    if known is not None and known.stage != "resolved":
        return replace(known, annotations=annotations)
    return Alert(labels, annotations, rule.expr, "pending", now_s)
