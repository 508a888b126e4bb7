"""The lab's alerting: a small watcher, or a real Prometheus and Alertmanager with the shipped rules."""

from lab.alerting.watcher import Alerting, Delivery

__all__ = ["Alerting", "Delivery"]
