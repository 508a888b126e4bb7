"""A small world that obeys the ports: timelines in memory, a cluster that is told, agents with a ledger."""

from tests.handlers.world.agents import Agents
from tests.handlers.world.alerting import Alerting
from tests.handlers.world.cluster import Cluster
from tests.handlers.world.slack import HOME, ON_CALL
from tests.handlers.world.timelines import Timelines
from tests.handlers.world.watched import OnCallBox, Pager
from tests.handlers.world.world import Clock, World

__all__ = [
    "HOME",
    "ON_CALL",
    "Agents",
    "Alerting",
    "Clock",
    "Cluster",
    "OnCallBox",
    "Pager",
    "Timelines",
    "World",
]
