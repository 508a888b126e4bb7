"""The lab's own alerting: the shipped rules, evaluated on what the nodes really export."""

from lab.alerting.loop import Alerting
from lab.alerting.notifier import Delivery, Reason, Timing
from lab.alerting.rules import RuleError, RuleSet, load_rules, scaled
from lab.alerting.scrape import Target

__all__ = [
    "Alerting",
    "Delivery",
    "Reason",
    "RuleError",
    "RuleSet",
    "Target",
    "Timing",
    "load_rules",
    "scaled",
]
