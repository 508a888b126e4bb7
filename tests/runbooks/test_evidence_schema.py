"""The published schema is the code's own, and the documents that are made here keep to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios import Scenario, generate
from runbooks.evidence import Evidence
from runbooks.evidence_schema import schema_text
from runbooks.leader_election.causes import RootCause
from tests.builders import evidence

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "evidence.schema.json"
CAUSES = ROOT / "docs" / "causes.md"
KINDS: dict[Any, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    published: dict[str, Any] = json.loads(PUBLISHED.read_text())
    return published


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    """One of each family."""
    return list({scenario.family: scenario for scenario in generate(11)}.values())


def test_the_published_schema_is_the_one_the_models_give():
    assert PUBLISHED.read_text() == schema_text(), "write it anew: make schema"


@pytest.mark.process
def test_the_module_writes_the_schema_where_it_is_told(tmp_path: Path):
    file = tmp_path / "schema.json"
    subprocess.run([sys.executable, "-m", "runbooks.evidence_schema", str(file)], check=True, cwd=ROOT)
    assert file.read_text() == schema_text()


def odd_in(value: Any, rule: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What breaks the rule: the parts of JSON Schema that say which keys there are, and what they hold."""
    if "$ref" in rule:
        return odd_in(value, schema["$defs"][rule["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in rule:
        return min((odd_in(value, each, schema) for each in rule["anyOf"]), key=len)
    kind = rule.get("type")
    if kind == "array":
        items = value if isinstance(value, list) else [f"no array: {value}"]
        return [odd for item in items for odd in odd_in(item, rule["items"], schema)]
    if kind == "object":
        return _odd_in_object(value, rule, schema)
    words = [rule["const"]] if "const" in rule else rule.get("enum", [value])
    wrong_kind = kind in KINDS and not isinstance(value, KINDS[kind])
    return [f"{value!r} is no {kind} of {words}"] if wrong_kind or value not in words else []


def _odd_in_object(value: Any, rule: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    if not isinstance(value, dict):
        return [f"no object: {value}"]
    known, more = rule.get("properties", {}), rule.get("additionalProperties", True)
    odd = [f"{name} is missing" for name in rule.get("required", []) if name not in value]
    for name, item in value.items():
        if name in known:
            odd += odd_in(item, known[name], schema)
        elif isinstance(more, dict):
            odd += odd_in(item, more, schema)
        elif not more:
            odd.append(f"{name} is unknown")
    return odd


@pytest.mark.process
def test_documents_read_and_generated_keep_to_the_schema(schema: dict[str, Any], scenarios: list[Scenario]):
    documents = [json.loads(evidence().model_dump_json()), *(scenario.evidence for scenario in scenarios)]
    for document in documents:
        assert odd_in(document, schema, schema) == []
        assert Evidence.model_validate(document)


def test_the_schema_refuses_what_the_models_refuse(schema: dict[str, Any]):
    document = json.loads(evidence().model_dump_json())
    without_nodes = {key: value for key, value in document.items() if key != "nodes"}
    first = document["nodes"][0]
    odd_result = [{**first["connects"]["value"][0], "result": "maybe"}]
    odd_connect = {**first, "connects": {**first["connects"], "value": odd_result}}
    for wrong in (
        without_nodes,
        {**document, "schema_version": 2},
        {**document, "extra": 1},
        {**document, "nodes": [{**first, "clock": None}]},
        {**document, "nodes": [odd_connect]},
    ):
        assert odd_in(wrong, schema, schema) != []
        with pytest.raises(ValueError, match="Evidence"):
            Evidence.model_validate(wrong)


def test_every_word_for_a_cause_is_explained_once():
    """The words are fixed, so a reader must find each of them, and no other."""
    table = CAUSES.read_text().split("## The words")[1].split("\n## ")[0]
    words = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(words) == sorted(RootCause)
