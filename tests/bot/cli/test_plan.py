"""A plan without Slack: printed exactly, refused with the reason, and nothing is done."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.plan import offered, runbook_of
from handlers.errors import Refused
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.plans import Plan
from tests.builders import candidates, evidence


def plan(folder: Path, read: Evidence, *arguments: str) -> subprocess.CompletedProcess[str]:
    file = folder / "evidence.json"
    file.write_text(read.model_dump_json())
    command = [sys.executable, "-m", "bot", "plan", "--evidence", str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.process
def test_it_prints_every_step_and_how_the_values_came_about(tmp_path: Path) -> None:
    shown = plan(tmp_path, evidence(*candidates(rtt_ms=400.0)), "--remedy", "config_bump")
    assert shown.returncode == 0, shown.stderr
    for words in (
        "1. node1: new timeouts, in effect after the restart",
        "   /etc/neumann/config.toml: election timeouts 3000 to 6000 ms",
        "10 one-way latencies of the slowest pair, and half as much for its variance: "
        "10 x 400.0 ms / 2 x 1.5 = 3000 ms",
        "Risk: Each node restarts",
    ):
        assert words in shown.stdout


@pytest.mark.process
def test_as_json_it_is_the_plan_that_would_be_confirmed(tmp_path: Path) -> None:
    shown = plan(tmp_path, evidence(*candidates(rtt_ms=400.0)), "--remedy", "config_bump", "--json")
    drawn_up = Plan.model_validate(json.loads(shown.stdout))
    assert drawn_up.nodes == ("node1", "node2", "node3")
    assert drawn_up.bound.config_sha256["node1"] == "ab" * 32


@pytest.mark.process
def test_a_remedy_that_is_off_says_why_in_one_sentence(tmp_path: Path) -> None:
    shown = plan(tmp_path, evidence(*candidates(rtt_ms=400.0)), "--remedy", "clock_sync")
    assert shown.returncode == 2
    assert (
        "clock_sync is not offered: No clock is surely more than 500 ms off: the largest known offset is"
        " 0 ms." in shown.stderr
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "reboot",
            "There is no remedy reboot: there are clock_sync, config_bump, hand_leadership_on,"
            " restart_hung_node, restart_stale_leader, restart_stuck, start_nodes and start_one_node.",
        ),
        ("start_node", "There is no remedy start_node: did you mean start_nodes?"),
    ],
)
def test_a_remedy_that_does_not_exist_names_the_nearest_or_all(typed: str, said: str) -> None:
    with pytest.raises(Refused) as told:
        runbook_of(typed)
    assert str(told.value) == said


def test_each_runbooks_remedies_can_be_planned() -> None:
    assert runbook_of("restart_stuck").NAME == "replication-lag"
    assert runbook_of("clock_sync").NAME == "leader-election"


def test_a_remedy_of_another_cause_says_what_there_is_for_this_one() -> None:
    diagnosis = leader_election.diagnose(evidence(*candidates(rtt_ms=400.0)))
    rest = [each for each in diagnosis.findings if all(r.name != "start_nodes" for r in each.remedies)]
    with pytest.raises(Refused, match="start_nodes mends nothing that was found here; of "):
        offered(diagnosis.model_copy(update={"findings": tuple(rest)}), "start_nodes")
