"""`check` tries ping and says what an agent does in place of what ping refuses, by what real ones print."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from agent.check_ping import ping_problems
from agent.settings import Kubernetes, Settings
from tests.agent.bed import Node

pytestmark = pytest.mark.process

RECORDED = Path(__file__).parents[1] / "data" / "ping"


def says(node: Node, *, fast: str, slow: str, full: str) -> None:
    """Let ping print what was recorded, by how it is asked."""
    (node.folder / "ping").write_text(
        f"#!/bin/sh\ncd {RECORDED}\ncase \"$*\" in\n*'-M do'*) cat {full}.txt;;\n"
        f"*'-i 0.01 '*) cat {fast}.txt;;\n*) cat {slow}.txt;;\nesac\n"
    )


@pytest.mark.parametrize(
    ("fast", "slow", "full", "said"),
    [
        ("fits", "fits", "fits", []),
        ("fits", "fits", "full-size-black-hole", []),
        (
            "unprivileged-too-fast",
            "fits",
            "fits",
            ["minimal interval allowed for user is 2ms): 8 go to each peer in place of 100"],
        ),
        (
            "unprivileged-not-permitted",
            "unprivileged-not-permitted",
            "unprivileged-not-permitted",
            ["missing cap_net_raw+p capability or setuid?): links are judged by TCP connects alone"],
        ),
        ("fits", "fits", "unprivileged-not-permitted", ["paths that lose them are not found"]),
    ],
    ids=["all", "it says nothing of the path", "only slowly", "not at all", "no full size"],
)
def test_what_ping_refuses_is_one_sentence_with_what_falls_back_and_the_mend(
    settings: Settings, node: Node, fast: str, slow: str, full: str, said: list[str]
):
    says(node, fast=fast, slow=slow, full=full)
    problems = list(ping_problems(settings))
    assert len(problems) == len(said)
    assert all(part in problem for part, problem in zip(said, problems, strict=True))


def test_a_ping_that_does_not_start_is_not_permitted_either(settings: Settings, node: Node):
    (node.folder / "ping").chmod(0o644)
    (problem,) = ping_problems(settings)
    assert "cannot be run: Permission denied" in problem
    assert 'sysctl net.ipv4.ping_group_range="0 2147483647"' in problem


def test_in_a_pod_the_mend_is_the_pods(settings: Settings, node: Node):
    says(node, fast="unprivileged-not-permitted", slow="unprivileged-not-permitted", full="fits")
    pod = Kubernetes(pod="neumann-0", config_map="neumann-0", config_key="neumann-0.toml")
    (problem,) = ping_problems(replace(settings, kubernetes=pod))
    assert "securityContext.sysctls" in problem
    assert "the unit" not in problem
    assert any(each["name"] in problem and each["value"] in problem for each in shipped_sysctls())


def shipped_sysctls() -> list[dict[str, str]]:
    manifest = (Path(__file__).parents[2] / "deploy" / "kubernetes" / "neumann-nodes.yaml").read_text()
    (pods,) = [each for each in yaml.safe_load_all(manifest) if each["kind"] == "StatefulSet"]
    found: list[dict[str, str]] = pods["spec"]["template"]["spec"]["securityContext"]["sysctls"]
    return found
