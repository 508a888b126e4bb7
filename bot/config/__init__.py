"""The bot's configuration: one TOML file, its sections, and what is wrong with them, by file and line."""

from bot.config.escalation import EscalationSettings
from bot.config.posture import PostureSettings
from bot.config.read_only import ApiSettings, StatusPageSettings
from bot.config.sections import (
    AgentSettings,
    AlertmanagerSettings,
    Cluster,
    Endpoint,
    Node,
    ObjectiveSettings,
    PermissionRow,
    PrometheusSettings,
    ReadingSettings,
    RedisSettings,
    SlackSettings,
    WebSettings,
)
from bot.config.settings import Settings, contradictions, load
from bot.config.tracing import TracingSettings
from bot.config.watch import DoctorSettings, HeartbeatSettings

__all__ = [
    "AgentSettings",
    "AlertmanagerSettings",
    "ApiSettings",
    "Cluster",
    "DoctorSettings",
    "Endpoint",
    "EscalationSettings",
    "HeartbeatSettings",
    "Node",
    "ObjectiveSettings",
    "PermissionRow",
    "PostureSettings",
    "PrometheusSettings",
    "ReadingSettings",
    "RedisSettings",
    "Settings",
    "SlackSettings",
    "StatusPageSettings",
    "TracingSettings",
    "WebSettings",
    "contradictions",
    "load",
]
