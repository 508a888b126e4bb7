"""The Kubernetes objects fit the bot and each other; no cluster is needed to see that."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.config import WebSettings
from bot.web.app import Web

ROOT = Path(__file__).parents[2]
OBJECTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((ROOT / "deploy" / "kubernetes" / "neumann-bot.yaml").read_text())
)
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text()


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == kind}


PODS = {name: spec["template"] for name, spec in of_kind("Deployment").items()}
each_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)


def test_web_and_worker_run_twice_each():
    assert {name: spec["replicas"] for name, spec in of_kind("Deployment").items()} == {
        "neumann-bot-web": 2,
        "neumann-bot-worker": 2,
    }


@each_pod
def test_a_pod_has_no_rights_that_the_bot_does_not_need(pod: dict[str, Any]):
    (container,) = pod["spec"]["containers"]
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    (account,) = [each for each in OBJECTS if each["kind"] == "ServiceAccount"]
    assert pod["spec"]["serviceAccountName"] == account["metadata"]["name"]
    assert account["automountServiceAccountToken"] is False


@each_pod
def test_settings_and_secrets_are_where_the_example_looks_for_them(pod: dict[str, Any]):
    (container,) = pod["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    example = (ROOT / "deploy" / "neumann-bot.example.toml").read_text()
    folders = {str(Path(file).parent) for file in re.findall(r'file = "(/[^"]+)"', example)}
    assert folders == {mount["mountPath"]} == {str(Path(container["args"][-1]).parent)}
    assert mount["readOnly"]


def test_every_selector_finds_its_pods():
    labels = [pod["metadata"]["labels"] for pod in PODS.values()]
    wanted = [spec["selector"]["matchLabels"] for spec in of_kind("Deployment").values()]
    wanted += [spec["selector"]["matchLabels"] for spec in of_kind("PodDisruptionBudget").values()]
    wanted += [spec["selector"] for spec in of_kind("Service").values()]
    assert len(wanted) == 5
    for selector in wanted:
        assert any(selector.items() <= each.items() for each in labels), selector


def test_probes_ask_where_the_bot_answers():
    (container,) = PODS["neumann-bot-web"]["spec"]["containers"]
    probed = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")}
    assert probed == {"/livez", "/readyz"}
    assert all(hasattr(Web, path[1:]) for path in probed)
    port = WebSettings.model_fields["port"].default
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    assert of_kind("Service")["neumann-bot"]["ports"][0]["port"] == port


def test_the_image_takes_what_the_project_has():
    sources = [
        word for line in re.findall(r"^COPY (?!--)(.*)$", CONTAINERFILE, re.M) for word in line.split()[:-1]
    ]
    assert {"bot", "handlers", "runbooks", "agent", "requirements.txt"} <= set(sources)
    assert "lab" not in sources, "what the demo needs is not installed there"
    assert [name for name in sources if not (ROOT / name).exists()] == []
