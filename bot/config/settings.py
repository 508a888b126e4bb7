"""The bot's configuration: one TOML file, secrets from files or the environment, checked at the start."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from bot.config.escalation import EscalationSettings
from bot.config.posture import PostureSettings
from bot.config.problems import ENV_DELIMITER, ENV_PREFIX, Places, UnusableConfiguration, problems_of
from bot.config.read_only import ApiSettings, Scope, StatusPageSettings
from bot.config.sections import (
    AgentSettings,
    AlertmanagerSettings,
    Cluster,
    ObjectiveSettings,
    PermissionRow,
    PrometheusSettings,
    ReadingSettings,
    RedisSettings,
    SlackSettings,
    WebSettings,
)
from bot.config.tracing import TracingSettings
from bot.config.watch import DoctorSettings, HeartbeatSettings, WideOutageSettings
from handlers.domain.permissions import Permission, Permissions
from handlers.errors import ConfigurationError
from shared.bounded_files import read_bounded_text


class Settings(BaseSettings):
    """The whole configuration. An environment variable `NEUMANN_BOT_REDIS__URL` overrides `[redis] url`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER
    )

    slack: SlackSettings
    web: WebSettings
    redis: RedisSettings = RedisSettings()
    alertmanager: AlertmanagerSettings | None = None
    prometheus: PrometheusSettings | None = None
    agents: AgentSettings
    readings: ReadingSettings = ReadingSettings()
    posture: PostureSettings = PostureSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    escalation: EscalationSettings = EscalationSettings()
    doctor: DoctorSettings = DoctorSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    wide_outage: WideOutageSettings = WideOutageSettings()
    api: ApiSettings = ApiSettings()
    status_page: StatusPageSettings = StatusPageSettings()
    tracing: TracingSettings | None = None
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1)]
    permissions: tuple[PermissionRow, ...] = ()
    runbooks: tuple[str, ...] = ()

    @property
    def who_may(self) -> Permissions:
        """Return the rows of `[[permissions]]`, and behind them each cluster's own `confirm_groups`."""
        rows = [Permission(**row.model_dump()) for row in self.permissions]
        rows += [
            Permission(
                clusters=frozenset({cluster.name}),
                confirm_groups=cluster.confirm_groups,
                confirm_users=cluster.confirm_users,
            )
            for cluster in self.clusters
        ]
        return Permissions(tuple(rows), {cluster.name: cluster.environment for cluster in self.clusters})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file's values, which arrive as arguments."""
        return env_settings, init_settings

    def channel_of(self, cluster: str) -> str:
        """Return the Slack channel of a cluster; the common channel where none is configured."""
        configured = self.cluster(cluster)
        return configured.channel if configured and configured.channel else self.slack.channel

    def cluster(self, name: str) -> Cluster | None:
        """Return the cluster of this name."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)


def contradictions(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path of each value that cannot be beside the others, and what is wrong."""
    names: set[str] = set()
    for number, cluster in enumerate(settings.clusters):
        if cluster.name in names:
            yield ("clusters", number, "name"), f"two clusters have the same name, {cluster.name}"
        names.add(cluster.name)
        nodes: set[str] = set()
        for place, node in enumerate(cluster.nodes):
            at = ("clusters", number, "nodes", place)
            if not node.agent_url.startswith("https://"):
                yield (*at, "agent_url"), f"agent_url of {cluster.name}/{node.name} must begin with https://"
            if node.name in nodes:
                yield (*at, "name"), f"two nodes of cluster {cluster.name} have the same name, {node.name}"
            nodes.add(node.name)
    for number, row in enumerate(settings.permissions):
        for unknown in sorted(row.clusters - names):
            yield ("permissions", number, "clusters"), _no_cluster("permissions", unknown, names)
    for number, policy in enumerate(settings.escalation.policies):
        for unknown in sorted(policy.clusters - names):
            path: tuple[str | int, ...] = ("escalation", "policies", number, "clusters")
            yield path, _no_cluster("escalation.policies", unknown, names)
    if settings.doctor.canary_cluster and settings.doctor.canary_cluster not in names:
        wrong = f"[doctor] canary_cluster is {settings.doctor.canary_cluster}, which is no configured cluster"
        yield ("doctor", "canary_cluster"), wrong
    for within, what in settings.escalation.missing_routes():
        yield ("escalation", *within), what
    if settings.status_page.access == "token" and not any(
        {Scope.STATUS, Scope.INCIDENTS} <= each.scopes for each in settings.api.tokens
    ):
        wrong = (
            "no token in [[api.tokens]] has the scopes status:read and incidents:read, so nobody may see it"
        )
        yield ("status_page", "access"), wrong


def _no_cluster(section: str, unknown: str, names: set[str]) -> str:
    close = difflib.get_close_matches(unknown, names, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"[[{section}]] names {unknown}, which is no configured cluster{meant}"


def load(path: Path) -> Settings:
    """Read and check the configuration file.

    Raises:
        UnusableConfiguration: With everything that its values cannot be.
        ConfigurationError: One sentence, where there are none to look at.
    """
    try:
        text = read_bounded_text(path)
        document = tomllib.loads(text)
    except FileNotFoundError as error:
        mend = "name another with --config, or write one with `neumann-bot init`"
        raise ConfigurationError(f"There is no configuration {path}: {mend}.") from error
    except OSError as error:
        raise ConfigurationError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The configuration {path} is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"The configuration {path} is not TOML: {error}.") from error
    places = Places(path, text, os.environ)
    try:
        settings = Settings(**document)
    except SettingsError as error:
        raise ConfigurationError(
            f"Beside {path}, an environment variable NEUMANN_BOT_… cannot be read: {error}."
        ) from error
    except ValidationError as error:
        raise UnusableConfiguration(problems_of(error, Settings, places)) from error
    if found := tuple(places.problem(at, what) for at, what in contradictions(settings)):
        raise UnusableConfiguration(found)
    return settings
