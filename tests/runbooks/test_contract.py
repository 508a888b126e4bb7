"""What keeps a runbook from being used, one change of a sound one at a time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from runbooks import leader_election, replication_lag
from runbooks.all_runbooks import RUNBOOKS
from runbooks.contract import problems, small_clusters
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Recovery, Runbook
from runbooks.plans import Plan
from tests.builders import dead, evidence, healthy, node

ATTRIBUTES = (
    *("NAME", "TITLE", "URL", "AIM", "ALERTS", "CAUSES", "REMEDIES", "RECOVERY_NEEDS"),
    *("diagnose", "plan", "is_recovered", "hand_off"),
)


def changed(**to: Any) -> Runbook:
    """The replication-lag runbook with something else in it."""
    own = {name: getattr(replication_lag, name) for name in ATTRIBUTES}
    return cast("Runbook", SimpleNamespace(**{**own, **to}))


def without_remedy_rows(read: Evidence) -> Diagnosis:
    """A diagnosis whose remedy nobody has a row for."""
    said = replication_lag.diagnose(read)
    top = said.top
    remedy = {"name": "reboot_everything", "offered": False, "reason": ""}
    found = top.model_copy(
        update={"remedies": (type(top).model_validate({**top.model_dump(), "remedies": [remedy]})).remedies}
    )
    return said.model_copy(update={"findings": (found,)})


@pytest.mark.parametrize("name", RUNBOOKS)
def test_every_runbook_of_ours_keeps_to_it(name: str) -> None:
    assert list(problems(RUNBOOKS[name], RUNBOOKS, [evidence(*healthy())])) == []


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"NAME": ""}, "NAME must be a text."),
    "a name with a space": ({"NAME": "node lag"}, "must be lower-case letters"),
    "no alerts": ({"ALERTS": frozenset()}, "names no alert"),
    "a list of alerts": ({"ALERTS": ["A"]}, "must be a frozenset"),
    "a page without TLS": ({"URL": "http://example.org"}, "must begin with https://"),
    "no causes": ({"CAUSES": {}}, "CAUSES is empty"),
    "a cause without a row": (
        {"CAUSES": {w: c for w, c in replication_lag.CAUSES.items() if w != "lag_over"}},
        "The finding lag_over has no row in CAUSES.",
    ),
    "a remedy without a row": (
        {"diagnose": without_remedy_rows},
        "reboot_everything has no row in REMEDIES.",
    ),
    "a remedy without a reason": ({"diagnose": without_remedy_rows}, "has no reason."),
    "no function": ({"plan": None}, "plan must be a function."),
    "an answer of another kind": ({"diagnose": lambda _: "all is well"}, "must return a Diagnosis"),
    "a recovery of another kind": ({"is_recovered": lambda _: True}, "must return a Recovery."),
    "a hand-off of another kind": ({"hand_off": lambda _: "call somebody"}, "must return a HandOff or None."),
    "another need": ({"RECOVERY_NEEDS": "anything"}, "RECOVERY_NEEDS must be"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_named(what: str) -> None:
    change, why = BROKEN[what]
    assert any(why in said for said in problems(changed(**change), {}))


def test_the_alerts_and_causes_of_another_are_taken() -> None:
    said = list(problems(changed(NAME="mine"), RUNBOOKS))
    assert "The alert HighReplicationLag belongs to replication-lag already." in said
    assert any(line.startswith("The cause no_leader is replication-lag's") for line in said)


def test_what_raises_is_told_once_a_kind_of_cluster() -> None:
    def always(_: Evidence) -> Recovery:
        raise ValueError("no")

    said = list(problems(changed(is_recovered=always), {}))
    assert said == [
        f"It raises ValueError on the evidence of a {c.cluster} cluster: no." for c in small_clusters()
    ]


def test_a_plan_that_raises_is_told() -> None:
    def never(*_: object) -> Plan:
        raise SystemExit(3)

    offering = evidence(node("node1"), dead("node2"), dead("node3"))
    election = {name: getattr(leader_election, name) for name in ATTRIBUTES} | {"plan": never}
    said = list(problems(cast("Runbook", SimpleNamespace(**election)), {}, [offering]))
    assert said == [f"It raises SystemExit on the evidence of a {offering.cluster} cluster: 3."]
