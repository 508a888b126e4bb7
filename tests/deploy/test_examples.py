"""The example configurations load as they are, name every key, agree with each other and with the units."""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
import yaml
from pydantic import BaseModel

import agent.settings
import bot.config
from agent.addresses import split_address
from bot.secret_files import SecretFile

DEPLOY = Path(__file__).parents[2] / "deploy"
BOT = DEPLOY / "neumann-bot.example.toml"
AGENT = DEPLOY / "neumann-agent.example.toml"
# What only a pod has is shown there.
SETTINGS_IN_A_POD: str = next(
    each["data"]["neumann-0.toml"]
    for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "neumann-nodes.yaml").read_text())
    if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", "neumann-agent")
)
COMMENTED_KEY = re.compile(r"^# (?=[a-z_]+ = |\[)", re.MULTILINE)


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in os.environ if name.startswith("NEUMANN_BOT_")]:
        monkeypatch.delenv(name)


def with_every_key(example: Path, folder: Path) -> Path:
    path = folder / example.name
    path.write_text(COMMENTED_KEY.sub("", example.read_text()))
    return path


Model = BaseModel | msgspec.Struct


def keys(model: type[Model]) -> Iterator[str]:
    for name, annotation in fields(model).items():
        yield name
        for inner in models_in(annotation):
            yield from keys(inner)


def fields(model: type[Model]) -> dict[str, Any]:
    if issubclass(model, BaseModel):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return {field.name: field.type for field in msgspec.structs.fields(model)}


def models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    elif get_origin(annotation) in (tuple, Annotated, Union, UnionType):
        for argument in get_args(annotation):
            yield from models_in(argument)


@pytest.mark.parametrize(
    ("example", "settings"), [(BOT, bot.config.Settings), (AGENT, agent.settings.Settings)]
)
def test_every_key_is_shown(example: Path, settings: type[Model]):
    text = example.read_text() + (SETTINGS_IN_A_POD if example == AGENT else "")
    shown = {
        *re.findall(r"^(?:# )?([a-z_]+) = ", text, re.MULTILINE),
        *re.findall(r"[{,] ([a-z_]+) = ", text),
    }
    shown |= {
        part
        for table in re.findall(r"^(?:# )?\[+([a-z_.]+)\]+", text, re.MULTILINE)
        for part in table.split(".")
    }
    assert shown == set(keys(settings))


def test_what_is_commented_out_in_the_bots_example_is_the_default(tmp_path: Path):
    as_it_is, full = bot.config.load(BOT), bot.config.load(with_every_key(BOT, tmp_path))
    assert full.clusters[0].channel == as_it_is.channel_of(full.clusters[0].name)
    assert as_it_is.clusters[0].channel is None
    first, *others = full.clusters[0].nodes
    nodes = (first.model_copy(update={"agent_certificate": None}), *others)
    clusters = (full.clusters[0].model_copy(update={"channel": None, "nodes": nodes}), *full.clusters[1:])
    assert full.alertmanager
    assert full.prometheus
    assert full.agents.second_grant_key
    assert full.slack.app_token
    assert full.redis.password
    assert full.api.tokens
    assert full.tracing
    assert (
        full.tracing.sample_ratio == bot.config.TracingSettings(endpoint=full.tracing.endpoint).sample_ratio
    )
    escalation = full.escalation
    assert escalation.pagerduty and escalation.opsgenie and escalation.webhook and escalation.policies
    for section in (escalation.pagerduty, escalation.opsgenie, escalation.webhook):
        for name, field in type(section).model_fields.items():
            assert field.is_required() or getattr(section, name) == field.default
    no_credentials = {"token": None, "authority": None}
    plain = {
        "clusters": clusters,
        "slack": full.slack.model_copy(update={"app_token": None}),
        "agents": full.agents.model_copy(update={"second_grant_key": None, "authority": None}),
        "alertmanager": full.alertmanager.model_copy(update={"cluster": None, **no_credentials}),
        "redis": full.redis.model_copy(update={"password": None}),
        "prometheus": full.prometheus.model_copy(update=no_credentials),
        "web": full.web.model_copy(update={"status_port": None, "worker_status_port": None}),
        "escalation": bot.config.EscalationSettings(
            time_zone=escalation.time_zone, slack_away_s=escalation.slack_away_s
        ),
        "doctor": full.doctor.model_copy(update={"canary_every_min": None}),
        "heartbeat": full.heartbeat.model_copy(update={"url": None}),
        "posture": full.posture.model_copy(update={"digest_day": None}),
        "objective": full.objective.model_copy(update={"leaderless_minutes_month": None}),
        "api": full.api.model_copy(update={"tokens": ()}),
        "tracing": None,
    }
    assert full.model_copy(update=plain) == as_it_is


def test_what_is_commented_out_in_the_agents_example_is_the_default(tmp_path: Path):
    full = agent.settings.load_settings(with_every_key(AGENT, tmp_path))
    as_it_is = agent.settings.load_settings(AGENT)
    assert full.journal_unit == as_it_is.journal_unit
    commands = msgspec.structs.replace(full.commands, neumann=None)
    assert msgspec.structs.replace(full, log_unit=None, commands=commands) == as_it_is


@pytest.mark.parametrize("document", ["escalation.md", "migrate-from-oncall.md"])
def test_what_a_document_shows_is_taken_as_it_is_shown(document: str):
    """As somebody takes it who follows the document, with no more of the example than there must be."""
    text = (DEPLOY.parent / "docs" / document).read_text()
    shown = tomllib.loads("".join(re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)))
    assert "escalation" in shown
    example = tomllib.loads(BOT.read_text())
    for cluster in shown.get("clusters", ()):
        cluster.setdefault("nodes", example["clusters"][0]["nodes"])
    base = {name: example[name] for name in ("slack", "web", "agents", "clusters")}
    settings = bot.config.Settings(**base | shown)
    assert list(bot.config.contradictions(settings)) == []


def test_bot_and_agent_name_the_same_cluster():
    theirs, ours = agent.settings.load_settings(AGENT), bot.config.load(BOT)
    cluster = ours.cluster(theirs.cluster)
    assert cluster is not None
    nodes = {node.name: node for node in cluster.nodes}
    assert nodes[theirs.node].agent_url == f"https://{theirs.node}:{split_address(theirs.listen)[1]}"
    assert {peer.node for peer in theirs.peers} == set(nodes) - {theirs.node}
    assert max(msgspec.structs.asdict(theirs.deadlines).values()) < ours.readings.agent_deadline_s


def test_the_agents_unit_lets_it_write_where_its_example_says():
    settings = agent.settings.load_settings(AGENT)
    unit = directives("neumann-agent.service")
    assert unit["StateDirectory"] == [settings.state_dir.name]
    assert settings.state_dir.parent == Path("/var/lib")
    assert unit["ReadWritePaths"] == [str(settings.config_file.parent)]


def test_the_bots_unit_hands_over_every_secret_of_its_example(monkeypatch: pytest.MonkeyPatch):
    unit, plain = directives("neumann-bot.service"), bot.config.load(BOT)
    credentials = dict(line.split(":", 1) for line in unit["LoadCredential"])
    for assignment in unit["Environment"]:
        name, value = assignment.split("=", 1)
        monkeypatch.setenv(name, value.replace("%d", "/credentials"))
    handed_over = bot.config.load(BOT)
    for before, after in zip(secrets(plain), secrets(handed_over), strict=True):
        assert after.parent == Path("/credentials")
        assert credentials.pop(after.name) == str(before)
    assert not credentials


def test_the_bots_unit_has_a_pair_of_lines_to_take_in_for_every_secret_there_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Its user reads no file of root's, and a secret that cannot be read keeps the bot down."""
    example = with_every_key(BOT, tmp_path)
    before = dict(secret_files(bot.config.load(example)))
    unit = directives("neumann-bot.service")
    optional = directives("neumann-bot.service", "#")
    credentials = dict(line.split(":", 1) for line in (*unit["LoadCredential"], *optional["LoadCredential"]))
    variables = dict(
        shlex.split(each)[0].split("=", 1) for each in (*unit["Environment"], *optional["Environment"])
    )
    for name, value in variables.items():
        # The example has a calendar, in whose place that would be.
        if "ON_CALL" not in name:
            monkeypatch.setenv(name, value.replace("%d", "/credentials"))
    after = dict(secret_files(bot.config.load(example)))
    assert {file.parent for file in after.values()} == {Path("/credentials")}
    assert {at: credentials[file.name] for at, file in after.items() if at in before} == {
        at: str(file) for at, file in before.items()
    }
    handed_over = {name.removesuffix("__FILE") for name in variables} - {"HOME", "NEUMANN_BOT_AGENTS__KEY"}
    assert handed_over == {f"NEUMANN_BOT_{'__'.join(at)}".upper() for at in secret_keys(bot.config.Settings)}
    assert {Path(value).name for value in re.findall(r"%d/([\w.-]+)", str(variables))} == set(credentials)


def secret_files(section: BaseModel, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Path]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        for number, each in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(each, SecretFile):
                yield (*at, name, str(number)), each.file
            elif isinstance(each, BaseModel):
                yield from secret_files(each, (*at, name))


def secret_keys(model: type[Model], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, annotation in fields(model).items():
        for inner in models_in(annotation):
            within = [()] if inner is SecretFile else list(secret_keys(inner))
            # A list is handed over as a whole: a variable names no entry of it.
            is_list = get_origin(annotation) is tuple
            yield from ((*at, name, *(() if is_list else rest)) for rest in within)


def test_the_chart_names_every_file_that_the_example_names():
    values = (DEPLOY / "helm" / "neumann-bot" / "values.yaml").read_text()
    (about,) = re.findall(r"((?:^#.*\n)+)existingSecret: neumann-bot$", values, re.MULTILINE)
    named = set(re.findall(r'"/etc/neumann-bot/([\w.-]+)"', BOT.read_text()))
    assert named - set(re.findall(r"[\w-]+(?:\.\w+)*", about)) == set()


def test_the_units_read_the_configuration_where_the_secrets_lie():
    for unit, settings in (("neumann-bot.service", BOT), ("neumann-agent.service", AGENT)):
        name = settings.name.replace(".example", "")
        for line in directives(unit)["ExecStart"]:
            assert shlex.split(line)[-1] == f"/etc/{unit.removesuffix('.service')}/{name}"


def secrets(settings: bot.config.Settings) -> tuple[Path, ...]:
    return (
        settings.slack.bot_token.file,
        settings.slack.signing_secret.file,
        settings.web.webhook_token.file,
        settings.agents.grant_key.file,
        settings.agents.key,
    )


def directives(unit: str, before: str = "") -> dict[str, list[str]]:
    """What a unit says; with "#" before, what it has to be taken in."""
    found: dict[str, list[str]] = {}
    text = (DEPLOY / "systemd" / unit).read_text()
    for name, value in re.findall(rf"^{before}([A-Z]\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found
