"""Evidence as a document: read from a file, checked, and judged like any other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from handlers.domain.complaints import complaint
from handlers.errors import Refused
from runbooks.evidence import Evidence
from runbooks.model import Diagnosis, Finding, Remedy


class UnreadableEvidence(Refused):
    """This is not an evidence document."""


def parse(raw: bytes, name: str) -> Evidence:
    """Read an evidence document.

    Args:
        raw: The bytes of the document.
        name: What to call it in the sentence.

    Raises:
        UnreadableEvidence: One sentence that says what is wrong and where.
    """
    try:
        document = json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableEvidence(f"{name} is not JSON.") from error
    except RecursionError as error:
        raise UnreadableEvidence(f"{name} is nested too deeply to be read.") from error
    except ValueError as error:  # Python's bound for the digits of a whole number
        raise UnreadableEvidence(f"{name} holds a number with too many digits.") from error
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != 1:
        newer = ", newer than this bot" if type(version) is int and version > 1 else ""
        raise UnreadableEvidence(
            f"{name} is of schema version {version!r}{newer}: this bot reads version 1 "
            "(docs/evidence.schema.json)."
        )
    try:
        evidence = Evidence.model_validate(document)
    except ValidationError as error:
        raise UnreadableEvidence(f"{name} {_what_is_wrong(error)}") from error
    if wrong := _wrong_names(evidence):
        raise UnreadableEvidence(f"{name} is not a valid evidence document: {wrong}")
    return evidence


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] in _OF_A_NEWER_VERSION:
        return f"was written by a newer version: this bot does not know {place}; use that version, or update."
    return f"is not a valid evidence document: {place} {complaint(first)}."


_OF_A_NEWER_VERSION = frozenset({"extra_forbidden", "enum", "literal_error"})
"""Errors of a field, or of a fixed word, that this version has not: pydantic's names for them."""


def _wrong_names(evidence: Evidence) -> str | None:
    """Return why nodes cannot be told apart by their names; `None` where they can."""
    if not evidence.nodes:
        return "it holds no nodes."
    if not all(name.strip() for name in evidence.names):
        return "a node has no name."
    twice = [name for name, count in Counter(evidence.names).items() if count > 1]
    return f"two nodes are called {twice[0]}." if twice else None


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis in the words that `diagnose --json` promises."""
    return {
        "can_elect": diagnosis.can_elect,
        "leader": diagnosis.leadership.leader,
        "summary": diagnosis.summary,
        "findings": [_finding(finding) for finding in diagnosis.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "cause": finding.cause,
        "verdict": finding.verdict.value,
        "nodes": list(finding.nodes),
        "evidence_for": list(finding.evidence_for),
        "evidence_against": list(finding.evidence_against),
        "would_decide": finding.would_decide,
        "remedies": [_remedy(remedy) for remedy in finding.remedies],
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "action": remedy.name,
        "nodes": list(remedy.nodes),
        "offered": remedy.offered,
        "reason": remedy.reason,
    }


def changes(before: Diagnosis, after: Diagnosis) -> tuple[str, ...]:
    """Return a line for each difference between today's judgement and the one of then."""
    lines = []
    if before.can_elect != after.can_elect:
        lines.append(f"can elect: {before.can_elect} then, {after.can_elect} now")
    then = {finding.cause: finding for finding in before.findings}
    now = {finding.cause: finding for finding in after.findings}
    for cause in dict.fromkeys((*then, *now)):
        was, is_now = then.get(cause), now.get(cause)
        if _in_short(was) != _in_short(is_now):
            lines.append(f"{cause}: {_in_short(was)} then, {_in_short(is_now)} now")
        elif was and is_now:
            lines += _other_details(cause, was, is_now)
    return tuple(lines)


def _other_details(cause: str, was: Finding, is_now: Finding) -> Iterator[str]:
    """Yield what differs between findings of one verdict with the same buttons: where, and what these do."""
    if set(was.nodes) != set(is_now.nodes):
        yield f"{cause}: on {_nodes(was)} then, {_nodes(is_now)} now"
    acts = [
        {remedy.name: remedy.actions for remedy in found.remedies if remedy.offered}
        for found in (was, is_now)
    ]
    for name, actions in acts[1].items():
        if acts[0][name] != actions:
            yield f"{name}: another plan now"


def _nodes(finding: Finding) -> str:
    return ", ".join(finding.nodes) or "no node"


def _in_short(finding: Finding | None) -> str:
    if finding is None:
        return "not judged"
    offered = [remedy.name for remedy in finding.remedies if remedy.offered]
    return f"{finding.verdict.value}{' offering ' + ', '.join(offered) if offered else ''}"
