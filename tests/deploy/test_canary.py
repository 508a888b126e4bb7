"""What lets the test alert fly: a systemd unit of its own, and in Kubernetes a CronJob beside the chart."""

import re
import shlex
from pathlib import Path

import yaml

from tests.command_lines import parse

DEPLOY = Path(__file__).parents[2] / "deploy"


def unit(name: str) -> str:
    return (DEPLOY / "systemd" / f"{name}.service").read_text()


def test_its_unit_is_given_what_the_bots_is_given():
    """It is the same bot with the same configuration, and reads the same secrets."""
    handed_over = re.compile(r"^#?(?:LoadCredential|Environment)=.*$", re.MULTILINE)
    given = handed_over.findall(unit("neumann-bot"))
    assert len(given) > 10
    assert handed_over.findall(unit("neumann-bot-canary")) == given


def test_its_unit_lets_it_fly_again_and_again():
    (start,) = re.findall(r"^ExecStart=\S+/(neumann-bot .*)$", unit("neumann-bot-canary"), re.MULTILINE)
    assert start == "neumann-bot doctor --watch --config /etc/neumann-bot/neumann-bot.toml"
    parse(shlex.split(start)[1:])
    directives = unit("neumann-bot-canary").splitlines()
    assert {"Restart=always", "RestartPreventExitStatus=2"} <= set(directives), "without an interval: refused"


def test_its_pod_runs_once_an_hour_what_the_charts_pods_run():
    job = yaml.safe_load((DEPLOY / "kubernetes" / "neumann-bot-canary.yaml").read_text())
    values = yaml.safe_load((DEPLOY / "helm" / "neumann-bot" / "values.yaml").read_text())
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,), (volume,) = pod["containers"], pod["volumes"]
    parse(list(container["args"]))
    assert "--canary" in container["args"]
    assert pod["securityContext"] == values["podSecurityContext"]
    assert {"secret": {"name": values["existingSecret"]}} in volume["projected"]["sources"]
    assert volume["projected"]["defaultMode"] & 0o027 == 0, "the bot refuses what others can read"
    (address,) = container["env"]
    redis = values["redis"]
    wanted = {"name": redis["existingSecret"], "key": redis["urlKey"]}
    assert address["valueFrom"]["secretKeyRef"] == wanted
