"""The chart as Helm itself renders it: valid for Kubernetes, fit for the bot, refusing what it cannot be."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import RedisSettings, Settings, WebSettings
from bot.web.own_status import OwnStatus

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        find_spec("helm_python") is None, reason="Helm's library, which `make chart` installs"
    ),
]
ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "neumann-bot"
EXAMPLE = (ROOT / "deploy" / "neumann-bot.example.toml").read_text()
LEAST: dict[str, Any] = {"config": EXAMPLE}
MOST: dict[str, Any] = {
    **LEAST,
    "redis": {"existingSecret": "valkey", "urlKey": "address", "passwordKey": "password"},
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "tlsSecret": "tls"},
    "networkPolicy": {"callers": [{"podSelector": {"matchLabels": {"app": "alertmanager"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "neumann": True},
    "serviceAccount": {"name": "own", "annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "db"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "high",
    "extraEnv": [{"name": "NEUMANN_BOT_POSTURE__DIGEST_DAY", "value": "mon"}],
}
OPERATORS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes' own schemas do not know."""

Object = dict[str, Any]


def helm(what: str, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-m", "measure.chart", what, json.dumps(values))
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def rendered(values: dict[str, Any]) -> list[Object]:
    done = helm("render", values)
    assert done.returncode == 0, done.stderr
    texts = json.loads(done.stdout)
    return [
        each
        for name, text in texts.items()
        if name.endswith(".yaml")
        for each in yaml.safe_load_all(text)
        if each
    ]


@pytest.fixture(scope="module")
def least() -> list[Object]:
    return rendered(LEAST)


@pytest.fixture(scope="module")
def most() -> list[Object]:
    return rendered(MOST)


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pods(objects: list[Object]) -> dict[str, Object]:
    return {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"]["template"]
        for each in of_kind(objects, "Deployment").values()
    }


def environment(pod: Object) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in pod["spec"]["containers"][0]["env"]}


def test_helms_linter_finds_nothing() -> None:
    assert json.loads(helm("lint", MOST).stdout) == []


@pytest.mark.parametrize("version", ["1.25", "1.37"])
def test_every_object_fits_kubernetes_own_schema(
    version: str, least: list[Object], most: list[Object]
) -> None:
    validate = importlib.import_module("kubernetes_validate").validate
    checked = {
        each["kind"]: validate(each, version, strict=True)
        for each in (*least, *most)
        if each["kind"] not in OPERATORS
    }
    assert set(checked) == {
        *(
            "ConfigMap",
            "Deployment",
            "Ingress",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Service",
            "ServiceAccount",
        )
    }
    assert set(checked.values()) == {version}
    assert {each["kind"] for each in most} - set(checked) == OPERATORS


def test_a_pod_has_no_rights_that_the_bot_does_not_need(least: list[Object]) -> None:
    assert set(pods(least)) == {"web", "worker"}
    for pod in pods(least).values():
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["automountServiceAccountToken"] is False
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] and security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        (account,) = of_kind(least, "ServiceAccount").values()
        assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]


def test_settings_and_secrets_are_where_the_example_looks_for_them(most: list[Object]) -> None:
    folders = {str(Path(file).parent) for file in re.findall(r'file = "(/[^"]+)"', EXAMPLE)}
    for part, pod in pods(most).items():
        (container,), (volume,) = pod["spec"]["containers"], pod["spec"]["volumes"]
        (mount,) = container["volumeMounts"]
        command, option, config = container["args"]
        assert (command, option) == (part, "--config")
        assert folders == {mount["mountPath"]} == {str(Path(config).parent)}
        assert volume["projected"]["defaultMode"] & 0o027 == 0, "the bot refuses what others can read"
    (settings,) = of_kind(most, "ConfigMap").values()
    assert settings["data"] == {Path(config).name: EXAMPLE}, "to the byte"


def test_every_variable_sets_a_key_of_the_bot(most: list[Object], monkeypatch: pytest.MonkeyPatch) -> None:
    for part, pod in pods(most).items():
        with monkeypatch.context() as patched:
            for name, value in environment(pod).items():
                patched.setenv(name, value or "redis+sentinel://one,two/neumann/0")
            settings = Settings(**tomllib.loads(EXAMPLE))
        assert settings.web.status_host == "0.0.0.0"
        assert settings.redis.url.startswith("redis+sentinel"), "from the secret"
        assert (
            str(settings.redis.password and settings.redis.password.file) == "/etc/neumann-bot/redis-password"
        )
        assert settings.posture.digest_day == "mon"
        ports = {each["name"]: each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]}
        web = settings.web
        wanted = (
            {"http": web.port, "status": web.status_port}
            if part == "web"
            else {"status": web.worker_status_port}
        )
        assert ports == wanted
    assert {"status_host", "worker_status_port"} <= set(WebSettings.model_fields)
    assert "url" in RedisSettings.model_fields


def test_both_parts_are_probed_where_they_answer(least: list[Object]) -> None:
    for pod in pods(least).values():
        (container,) = pod["spec"]["containers"]
        probes = {
            name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert {each["port"] for each in probes.values()} == {"status"}
        paths = [each["path"] for each in probes.values()]
        assert paths == ["/livez", "/livez", "/readyz"]
        assert all(hasattr(OwnStatus, path[1:]) for path in paths)


def test_every_selector_finds_its_pods(most: list[Object]) -> None:
    labels = {part: pod["metadata"]["labels"] for part, pod in pods(most).items()}

    def found(selector: dict[str, str]) -> set[str]:
        return {part for part, each in labels.items() if selector.items() <= each.items()}

    for kind, path in (
        ("Deployment", ("selector", "matchLabels")),
        ("PodDisruptionBudget", ("selector", "matchLabels")),
        ("NetworkPolicy", ("podSelector", "matchLabels")),
    ):
        selectors = [each["spec"][path[0]][path[1]] for each in of_kind(most, kind).values()]
        assert sorted(map(found, selectors), key=str) == [{"web"}, {"worker"}], kind
    services = of_kind(most, "Service")
    assert found(services["neumann-bot"]["spec"]["selector"]) == {"web"}
    assert found(services["neumann-bot-status"]["spec"]["selector"]) == {"web", "worker"}
    (monitor,) = of_kind(most, "ServiceMonitor").values()
    chosen = monitor["spec"]["selector"]["matchLabels"].items()
    assert [name for name, each in services.items() if chosen <= each["metadata"]["labels"].items()] == [
        "neumann-bot-status"
    ]


def test_from_outside_only_slack_and_alertmanager_are_let_through(most: list[Object]) -> None:
    (ingress,) = of_kind(most, "Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    assert {each["path"]: each["pathType"] for each in rule["http"]["paths"]} == {
        "/alertmanager": "Prefix",
        "/slack/events": "Exact",
    }
    (web,) = [each for name, each in of_kind(most, "NetworkPolicy").items() if name.endswith("web")]
    callers, scrapers = web["spec"]["ingress"]
    assert callers["from"] == MOST["networkPolicy"]["callers"]
    assert (callers["ports"][0]["port"], scrapers["ports"][0]["port"]) == ("http", "status")
    wanted = {6379, 26379, 7880, 443, 53}
    assert wanted <= {each["port"] for each in web["spec"]["egress"][0]["ports"]}


def test_the_rules_are_the_shipped_ones_to_the_letter(most: list[Object]) -> None:
    shipped = [
        yaml.safe_load((ROOT / "deploy" / "prometheus" / f"{name}.rules.yml").read_text())
        for name in ("neumann", "neumann-bot")
    ]
    assert [each["spec"] for each in of_kind(most, "PrometheusRule").values()] == shipped
    (monitor,) = of_kind(most, "ServiceMonitor").values()
    (relabelled,) = monitor["spec"]["endpoints"][0]["relabelings"]
    assert (relabelled["targetLabel"], relabelled["replacement"]) == ("job", "neumann-bot"), "what they go by"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "--set-file config=neumann-bot.toml"),
        ({**LEAST, "replicas": 3}, "replicas"),
        ({**LEAST, "web": {"replicas": "two"}}, "replicas"),
        ({**LEAST, "redis": {"url": "redis://here"}}, "url"),
    ],
    ids=["no configuration", "an unknown key", "a number that is none", "a secret in the values"],
)
def test_values_that_cannot_be_are_refused(values: dict[str, Any], said: str) -> None:
    done = helm("render", values)
    assert done.returncode == 1
    assert said in done.stderr
