"""The shipped rules' words with a value in place of the template, as Prometheus shows it."""

import pytest

from lab.alerting.rule_words import read_rules

ON_NODE2 = {"cluster": "demo", "node": "node2"}


@pytest.mark.parametrize(
    ("alert", "value", "said"),
    [
        ("HighMemoryUsage", 0.93, "takes 93% of the memory that it may"),
        ("HighMemoryUsage", 0.912345, "takes 91.23% of"),
        ("HighDeadlockRate", 11.4217, "finds 11.42 deadlocks a second"),
        ("HighReplicationLag", 1204.0, "1204"),
    ],
)
def test_a_value_is_shown_as_its_template_asks(alert: str, value: float, said: str):
    assert said in read_rules()[alert].filled(ON_NODE2, value)["description"]


def test_of_what_the_lab_raises_no_template_is_left():
    for alert in ("NoLeader", "MultipleLeaders", "NodeDown", "HighReplicationLag", "HighMemoryUsage"):
        assert "{{" not in " ".join(read_rules()[alert].filled(ON_NODE2, 1).values())
