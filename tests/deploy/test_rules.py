"""The shipped alert rules do what their promtool cases say, by promtool, and what they say is complete."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lab.alerting.rule_words import RuleWords, quickened_rules, read_rules

pytestmark = pytest.mark.process

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
ALERTMANAGER = PROMETHEUS.parent / "alertmanager"


def checked_by(*argv: str, folder: Path) -> None:
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not on PATH")
    run = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_runs_the_rule_cases():
    checked_by("promtool", "test", "rules", "neumann.rules.test.yml", folder=PROMETHEUS)


def test_promtool_accepts_the_example_scrape_configuration_with_the_rules():
    checked_by("promtool", "check", "config", "prometheus.yml", folder=PROMETHEUS)


def test_amtool_accepts_the_receiver():
    checked_by("amtool", "check-config", "alertmanager.yml", folder=ALERTMANAGER)


def test_the_receiver_route_takes_every_shipped_alert():
    routes = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())["route"]["routes"]
    pattern = re.fullmatch(r'alertname =~ "(.+)"', routes[0]["matchers"][0])
    assert pattern is not None
    assert pattern[1].split("|") == list(read_rules())


@pytest.mark.parametrize("rule", read_rules().values(), ids=read_rules())
def test_every_rule_says_what_happened_and_where_to_read_on(rule: RuleWords):
    assert set(rule.annotations) == {"summary", "description", "runbook_url"}
    assert rule.labels["severity"] in {"critical", "warning"}


def test_quickened_rules_differ_in_their_waits_and_ranges_alone(tmp_path: Path):
    shipped = (PROMETHEUS / "neumann.rules.yml").read_text()
    quick = quickened_rules(10)
    changed = [
        pair for pair in zip(shipped.splitlines(), quick.splitlines(), strict=True) if pair[0] != pair[1]
    ]
    assert [line.split()[-1] for _, line in changed if "for:" in line] == [
        "3000ms", "1500ms", "1500ms", "3000ms", "30000ms"
    ]  # fmt: skip
    assert [line for _, line in changed if "for:" not in line] == [
        "        expr: sum by (cluster) (increase(tensor_chain_elections_total[6000ms])) > 5"
    ]
    (tmp_path / "rules.yml").write_text(quick)
    checked_by("promtool", "check", "rules", "rules.yml", folder=tmp_path)
