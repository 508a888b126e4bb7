"""The bot's configuration: one TOML file, secrets from files or the environment, checked at the start."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from bot.posture_settings import PostureSettings
from bot.secret_files import SecretFile
from handlers.domain.permissions import Permission, Permissions
from handlers.errors import ConfigurationError
from runbooks.plans import ActionType


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlackSettings(_Section):
    """The Slack app. `api_url` differs only for the local workspace.

    With `app_token` (Socket Mode) the bot opens a connection to Slack, so Slack needs no way to the bot.
    """

    bot_token: SecretFile
    app_token: SecretFile | None = None
    signing_secret: SecretFile
    channel: str
    api_url: str = "https://slack.com/api/"


class WebSettings(_Section):
    """The HTTP side: where it listens, and the token that Alertmanager must send."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8080
    webhook_token: SecretFile
    max_body_bytes: Annotated[int, Field(ge=1024)] = 8_388_608


class RedisSettings(_Section):
    """The Redis that keeps incidents (one server, Sentinels or a cluster), and their retention.

    `password` goes before one that stands in `url`. `wait_for_replicas` is how many replicas must have a
    notification before Alertmanager is told that it is stored, and an incident's events before Slack is; 0
    waits for none.
    """

    url: Annotated[str, Field(repr=False)] = "redis://127.0.0.1:6379/0"
    password: SecretFile | None = None
    prefix: str = "{neumann}"
    wait_for_replicas: Annotated[int, Field(ge=0, le=8)] = 0
    closed_kept_days: Annotated[int, Field(ge=1, le=36_500)] = 90


class Endpoint(_Section):
    """An alerting server's settings: the deadline of a request, and the credentials it is shown."""

    token: SecretFile | None = None
    authority: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0


HttpAddress = Annotated[str, Field(pattern=r"^https?://[^/?#]+[^?#]*$")]


class AlertmanagerSettings(Endpoint):
    """Every peer of the Alertmanager that sends to the bot, and the name it has for the bot.

    `cluster` owns the alerts without a `cluster` label, like the last part of the webhook's address.
    """

    urls: Annotated[tuple[HttpAddress, ...], Field(min_length=1)]
    receiver: str = "neumann-bot"
    cluster: str | None = None
    resolved_grace_s: Annotated[float, Field(ge=0)] = 300.0


class PrometheusSettings(Endpoint):
    """The Prometheus that evaluates the alert rules."""

    url: HttpAddress


class AgentSettings(_Section):
    """The bot's credentials for the agents: mTLS, and the Ed25519 seed that signs grants (base64).

    `authority` vouches for agents that are not paired. `second_grant_key` signs beside `grant_key` where a
    second person approved; without it, agents refuse what needs one. `other_grant_keys` sign nothing: they
    only read timelines that another replica or a former key wrote while the grant key is being changed.
    """

    certificate: Path
    key: Path
    authority: Path | None = None
    grant_key: SecretFile
    second_grant_key: SecretFile | None = None
    other_grant_keys: tuple[SecretFile, ...] = ()


class ReadingSettings(_Section):
    """Deadlines of the readings in seconds; `sample_gap_s` passes between two reads of the counters."""

    metrics_deadline_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    agent_deadline_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    sample_gap_s: Annotated[float, Field(gt=0, le=30)] = 1.5


class Node(_Section):
    """One configured member of a cluster.

    `agent_certificate` is the one that its agent must show, pinned by `neumann-bot agents add`; `pairing`
    names that pairing. Without them the agent is known by `[agents] authority`. `host` and `zone` say what
    it shares with others; the posture tells which of them takes the majority with it.
    """

    name: str
    metrics_url: str
    agent_url: str
    agent_certificate: Path | None = None
    pairing: str = ""
    host: Annotated[str, Field(max_length=64)] = ""
    zone: Annotated[str, Field(max_length=64)] = ""


class Cluster(_Section):
    """A cluster: its members, its channel, and the Slack user groups that may confirm actions on it.

    `confirm_groups` holds where no row of `[[permissions]]` does.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    environment: str = ""
    channel: str | None = None
    confirm_groups: tuple[str, ...] = ()
    nodes: Annotated[tuple[Node, ...], Field(min_length=1)]


class PermissionRow(_Section):
    """A row of `[[permissions]]`: who may propose, confirm, approve and silence, and where.

    A field that is left out matches everything. Rows are read in order; the first that matches decides.
    """

    clusters: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    actions: frozenset[ActionType] = frozenset()
    propose_groups: tuple[str, ...] = ()
    confirm_groups: tuple[str, ...] = ()
    second_groups: tuple[str, ...] = ()
    silence_groups: tuple[str, ...] = ()


class Settings(BaseSettings):
    """The whole configuration. An environment variable `NEUMANN_BOT_REDIS__URL` overrides `[redis] url`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="NEUMANN_BOT_", env_nested_delimiter="__"
    )

    slack: SlackSettings
    web: WebSettings
    redis: RedisSettings = RedisSettings()
    alertmanager: AlertmanagerSettings | None = None
    prometheus: PrometheusSettings | None = None
    agents: AgentSettings
    readings: ReadingSettings = ReadingSettings()
    posture: PostureSettings = PostureSettings()
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1)]
    permissions: tuple[PermissionRow, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Settings:
        names = [cluster.name for cluster in self.clusters]
        if len(set(names)) < len(names):
            raise ValueError("two clusters have the same name")
        for cluster in self.clusters:
            for node in cluster.nodes:
                if not node.agent_url.startswith("https://"):
                    raise ValueError(f"agent_url of {cluster.name}/{node.name} must begin with https://")
            nodes = [node.name for node in cluster.nodes]
            if len(set(nodes)) < len(nodes):
                raise ValueError(f"two nodes of cluster {cluster.name} have the same name")
        unknown = frozenset().union(*(row.clusters for row in self.permissions)) - set(names)
        if unknown:
            raise ValueError(f"[[permissions]] names {sorted(unknown)[0]}, which is no configured cluster")
        return self

    @property
    def who_may(self) -> Permissions:
        """Return the rows of `[[permissions]]`, and behind them each cluster's own `confirm_groups`."""
        rows = [Permission(**row.model_dump()) for row in self.permissions]
        rows += [
            Permission(clusters=frozenset({cluster.name}), confirm_groups=cluster.confirm_groups)
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

    def cluster(self, name: str) -> Cluster | None:
        """Return the cluster of this name."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)


def load(path: Path) -> Settings:
    """Read and check the configuration file.

    Raises:
        ConfigurationError: One sentence that names the place and the mend.
    """
    try:
        with path.open("rb") as file:
            return Settings(**tomllib.load(file))
    except OSError as error:
        raise ConfigurationError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"The configuration {path} is not UTF-8.") from error
    except SettingsError as error:
        raise ConfigurationError(
            f"Beside {path}, an environment variable NEUMANN_BOT_… cannot be read: {error}."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The configuration {path} is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigurationError(f"In {path}, {place}: {first['msg']}.") from error
