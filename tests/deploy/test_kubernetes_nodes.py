"""The objects of Neumann's pods fit the agent, each other, and what an agent's actions rest on."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.settings import Kubernetes, Settings, parse_settings

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((KUBERNETES / "neumann-nodes.yaml").read_text()))
NODES = ("neumann-0", "neumann-1", "neumann-2")
each_node = pytest.mark.parametrize("node", NODES)


def the(kind: str, name: str = "") -> dict[str, Any]:
    (found,) = [each for each in OBJECTS if each["kind"] == kind and name in ("", each["metadata"]["name"])]
    return found


def settings_of(node: str, *, every_key: bool = False) -> Settings:
    text = the("ConfigMap", "neumann-agent")["data"][f"{node}.toml"]
    text = re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE) if every_key else text
    return parse_settings(tomllib.loads(text), Path(f"{node}.toml"))


def kubernetes_of(node: str) -> Kubernetes:
    found = settings_of(node).kubernetes
    assert found is not None
    return found


POD = the("StatefulSet")["spec"]["template"]["spec"]
NEUMANN, AGENT = POD["containers"]


def mounts(container: dict[str, Any]) -> dict[str, str]:
    return {each["mountPath"]: each["name"] for each in container["volumeMounts"]}


def test_the_role_names_exactly_these_pods_and_config_maps_and_what_is_done_to_them():
    rules = {tuple(each["resources"]): each for each in the("Role")["rules"]}
    assert {kind: set(rule["verbs"]) for kind, rule in rules.items()} == {
        ("pods",): {"get", "delete"},
        ("configmaps",): {"get", "patch"},
    }
    assert rules["pods",]["resourceNames"] == [kubernetes_of(node).pod for node in NODES]
    assert rules["configmaps",]["resourceNames"] == [kubernetes_of(node).config_map for node in NODES]
    (subject,) = the("RoleBinding")["subjects"]
    assert subject["name"] == the("ServiceAccount")["metadata"]["name"] == POD["serviceAccountName"]


@each_node
def test_an_agent_acts_on_its_own_pod_and_text(node: str):
    settings, place = settings_of(node), kubernetes_of(node)
    assert (settings.node, place.pod, place.config_map) == (node, node, node)
    assert place.config_key in the("ConfigMap", node)["data"]
    assert settings.config_file == Path("/etc/neumann") / place.config_key
    assert {peer.node for peer in settings.peers} == set(NODES) - {node}
    assert place.container == NEUMANN["name"]


def test_what_is_commented_out_is_the_default():
    assert settings_of("neumann-0", every_key=True) == settings_of("neumann-0")


def test_both_containers_have_the_same_files_and_only_the_agent_a_token():
    shared = {"/etc/neumann", "/var/lib/neumann", "/var/log/neumann"}
    assert {path: mounts(NEUMANN)[path] for path in shared} == {path: mounts(AGENT)[path] for path in shared}
    account = str(kubernetes_of("neumann-0").service_account)
    assert account in mounts(AGENT)
    assert account not in mounts(NEUMANN)
    assert POD["automountServiceAccountToken"] is False
    config = next(each for each in AGENT["volumeMounts"] if each["name"] == "config")
    assert "subPath" not in config
    assert config["readOnly"]


def test_the_ledger_outlives_the_pod():
    claimed = {each["metadata"]["name"] for each in the("StatefulSet")["spec"]["volumeClaimTemplates"]}
    for node in NODES:
        folder = settings_of(node).state_dir
        place = next(str(each) for each in folder.parents if str(each) in mounts(AGENT))
        assert mounts(AGENT)[place] in claimed


def test_a_pod_comes_back_while_others_are_not_ready():
    assert the("StatefulSet")["spec"]["podManagementPolicy"] == "Parallel"
    assert the("Service")["spec"]["publishNotReadyAddresses"] is True


def test_the_policy_lets_in_what_the_agent_and_the_nodes_listen_on():
    ports = {each["containerPort"] for container in (NEUMANN, AGENT) for each in container["ports"]}
    rules = the("NetworkPolicy")["spec"]["ingress"]
    named = {port["port"] for rule in rules for port in rule.get("ports", ())}
    assert named == {settings_port("listen"), settings_port("listen") + 1, 9090} < ports
    assert all(rule["from"] for rule in rules)


def test_the_nodes_reach_one_another_by_ping_too():
    """A rule that names ports is of TCP and UDP: where it is obeyed to the letter, no ping comes through."""
    (among,) = [rule for rule in the("NetworkPolicy")["spec"]["ingress"] if "ports" not in rule]
    assert among["from"] == [{"podSelector": the("NetworkPolicy")["spec"]["podSelector"]}]


def settings_port(key: str) -> int:
    return int(str(getattr(settings_of("neumann-0"), key)).rpartition(":")[2])


def test_the_start_script_uses_the_paths_of_the_manifest():
    script = (KUBERNETES / "start-agent").read_text()
    for path in ("/etc/neumann-agent", "/run/neumann-agent/code", "/var/lib/neumann-agent"):
        assert path in script
        assert path in mounts(AGENT)
