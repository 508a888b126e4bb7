"""The sections of the bot's configuration, one class each."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.secret_files import NamedFile, SecretFile
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
    """The HTTP side: where it listens, and the token that Alertmanager must send.

    With `status_port`, what tells of the bot itself (probes, version, metrics) and the read-only ways in are
    answered there alone, at `status_host`, and no more at the port that Slack reaches. A worker in a process
    of its own answers the same at `worker_status_port`, or nowhere.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8080
    status_host: str = "127.0.0.1"
    status_port: Annotated[int | None, Field(ge=1, le=65_535)] = None
    worker_status_port: Annotated[int | None, Field(ge=1, le=65_535)] = None
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
    authority: NamedFile | None = None
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

    certificate: NamedFile
    key: NamedFile
    authority: NamedFile | None = None
    grant_key: SecretFile
    second_grant_key: SecretFile | None = None
    other_grant_keys: tuple[SecretFile, ...] = ()


class ReadingSettings(_Section):
    """Deadlines of the readings in seconds; `sample_gap_s` passes between two reads of the counters."""

    metrics_deadline_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    agent_deadline_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    sample_gap_s: Annotated[float, Field(gt=0, le=30)] = 1.5


class ObjectiveSettings(_Section):
    """How many minutes a month each cluster may be without a leader; without it no month is judged."""

    leaderless_minutes_month: Annotated[float | None, Field(ge=0, le=44_640)] = None


class Node(_Section):
    """One configured member of a cluster.

    `agent_certificate` is the one that its agent must show, pinned by `neumann-bot agents add`; `pairing`
    names that pairing. Without them the agent is known by `[agents] authority`. `host` and `zone` say what
    it shares with others; the posture tells which of them takes the majority with it.
    """

    name: str
    metrics_url: str
    agent_url: str
    agent_certificate: NamedFile | None = None
    pairing: str = ""
    host: Annotated[str, Field(max_length=64)] = ""
    zone: Annotated[str, Field(max_length=64)] = ""


class Cluster(_Section):
    """A cluster: its members, its channel, and the user groups and people that may confirm actions on it.

    `confirm_groups` and `confirm_users` hold where no row of `[[permissions]]` does.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    environment: str = ""
    channel: str | None = None
    confirm_groups: tuple[str, ...] = ()
    confirm_users: tuple[str, ...] = ()
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
    confirm_users: tuple[str, ...] = ()
    second_groups: tuple[str, ...] = ()
    silence_groups: tuple[str, ...] = ()
