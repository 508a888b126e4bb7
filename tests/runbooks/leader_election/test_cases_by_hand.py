"""Evidence written by hand from public facts, with the right value that was written before it was judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.model import SURE, Diagnosis
from tests.runbooks.leader_election.sound_cluster import document

FOLDER = Path(__file__).parents[2] / "data" / "evidence" / "by_hand"
CASES: dict[str, dict[str, Any]] = {
    f"{path.stem}: {name}": written
    for path in sorted(FOLDER.glob("*.json"))
    for name, written in json.loads(path.read_text()).items()
}


def _judged(name: str) -> tuple[Diagnosis, dict[str, Any]]:
    evidence = Evidence.model_validate(document(CASES[name]))
    return leader_election.diagnose(evidence), CASES[name]["right"]


@pytest.mark.parametrize("name", CASES)
def test_what_is_claimed_is_right(name: str) -> None:
    diagnosis, right = _judged(name)
    claimed = {f.cause for f in diagnosis.findings if f.verdict in SURE}
    needed, allowed = set(right.get("sure", ())), set(right.get("may", ()))
    assert needed <= claimed <= needed | allowed
    assert diagnosis.top.cause in right.get("first", [diagnosis.top.cause])
    assert diagnosis.can_elect in right["can"]
    verdicts = {f.cause: f.verdict.value for f in diagnosis.findings}
    assert {verdicts.get(cause) for cause in right.get("undetermined", ())} <= {"undetermined"}


@pytest.mark.parametrize(
    "name", [name for name, case in CASES.items() if case["right"].get("offers", {}) is not None]
)
def test_what_is_offered_is_right(name: str) -> None:
    diagnosis, right = _judged(name)
    offered = {remedy.name: " ".join(sorted(remedy.nodes)) for remedy in diagnosis.offers}
    assert offered == right.get("offers", {})


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "says" in case["right"]])
def test_what_was_seen_is_told(name: str) -> None:
    diagnosis, right = _judged(name)
    words = json.dumps(diagnosis.model_dump(mode="json"), ensure_ascii=False)
    assert [word for word in right["says"] if word not in words] == []
