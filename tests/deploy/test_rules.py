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


@pytest.mark.parametrize("cases", ["neumann.rules.test.yml", "neumann-bot.rules.test.yml"])
def test_promtool_runs_the_rule_cases(cases: str):
    checked_by("promtool", "test", "rules", cases, folder=PROMETHEUS)


def test_the_rules_about_the_bot_go_by_metrics_it_has_and_every_rule_has_a_case():
    text = (PROMETHEUS / "neumann-bot.rules.yml").read_text()
    source = (Path(__file__).parents[2] / "bot" / "web" / "metrics.py").read_text()
    gauges = set(re.findall(r"gauge\(\s*\"(\w+)\"", source))
    assert set(re.findall(r"neumann_bot_(\w+)\{", text)) <= gauges
    cases = yaml.safe_load((PROMETHEUS / "neumann-bot.rules.test.yml").read_text())["tests"]
    fired = {check["alertname"] for case in cases for check in case["alert_rule_test"] if check["exp_alerts"]}
    assert fired == {rule["alert"] for rule in yaml.safe_load(text)["groups"][0]["rules"]}


def test_what_is_wrong_with_the_bot_is_not_sent_to_the_bot():
    (route,) = yaml.safe_load((ALERTMANAGER / "alertmanager.yml").read_text())["route"]["routes"]
    rules = yaml.safe_load((PROMETHEUS / "neumann-bot.rules.yml").read_text())["groups"][0]["rules"]
    pattern = re.fullmatch(r'alertname =~ "(.+)"', route["matchers"][0])
    assert pattern is not None
    assert not [rule["alert"] for rule in rules if re.fullmatch(pattern[1], rule["alert"])]


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
    assert rule.labels["severity"] in {"critical", "warning", "info"}


def test_quickened_rules_differ_in_their_waits_and_ranges_alone(tmp_path: Path):
    shipped = (PROMETHEUS / "neumann.rules.yml").read_text()
    quick = quickened_rules(10)
    changed = [
        pair for pair in zip(shipped.splitlines(), quick.splitlines(), strict=True) if pair[0] != pair[1]
    ]
    assert [line.split()[-1] for _, line in changed if "for:" in line] == [
        "3000ms", "1500ms", "1500ms", "6000ms", "1ms", "6000ms", "30000ms", "6000ms", "60000ms",
        "30000ms", "30000ms", "1ms",
    ]  # fmt: skip
    assert [line.strip() for _, line in changed if "for:" not in line] == [
        "expr: sum by (cluster) (increase(tensor_chain_elections_total[6000ms])) > 5",
        'max by (cluster, node) (resets(tensor_chain_commit_index{job="neumann"}[90000ms])) >= 3',
        'sum by (cluster, node) (changes(up{job="neumann"}[90000ms])) >= 6',
        'expr: max by (cluster, node) (rate(tensor_chain_cpu_seconds_total{job="neumann"}[30000ms])) > 0.9',
        'expr: max by (cluster, node) (rate(tensor_chain_deadlocks_total{job="neumann"}[30000ms])) > 1',
    ]
    (tmp_path / "rules.yml").write_text(quick)
    checked_by("promtool", "check", "rules", "rules.yml", folder=tmp_path)
