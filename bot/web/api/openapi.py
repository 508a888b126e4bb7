"""The OpenAPI document, made from the table of operations; run as a program it writes docs/openapi.json."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.api import negotiation, problems
from bot.web.api.operations import OPERATIONS, PATH_PARAMETERS, Operation
from bot.web.api.problems import ProblemDocument
from shared.version import version

ROOT = "/api/v1"
REF = "#/components/schemas/{model}"
PROBLEMS = {
    "400": "A parameter is not known, or not written as it has to be.",
    "401": "The token is missing or wrong.",
    "403": "The token lacks the scope.",
    "405": "Only GET and HEAD are answered.",
    "406": "The client takes no JSON.",
    "429": "Too many requests with this token; `Retry-After` says when to come again.",
    "500": "The bot failed; its log has the place.",
    "503": "Redis does not answer; `Retry-After` says when to come again.",
}
LEFT_ALONE = "The incident cannot be believed or read; the sentence says who can mend it."

Json = dict[str, Any]


def document(described_version: str | None = None) -> Json:
    """Return the whole document; `described_version` takes the place of this installation's version."""
    models: list[type[BaseModel]] = [*(each.answer for each in OPERATIONS), ProblemDocument]
    _, schemas = models_json_schema([(each, "serialization") for each in models], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "neumann-bot, read only",
            "version": described_version or version(),
            "description": "Incidents, evidence, live status and posture. Nothing here changes anything.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ROOT}],
        "security": [{"token": []}],
        "paths": {each.path: _path(each) for each in OPERATIONS},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {f"Problem{status}": _problem(says) for status, says in PROBLEMS.items()},
        },
    }


def _path(operation: Operation) -> Json:
    return {
        "get": {
            "operationId": operation.name,
            "summary": operation.summary,
            "description": f"The token needs the scope `{operation.scope.value}`.",
            "security": [{"token": [operation.scope.value]}],
            "parameters": [*_path_parameters(operation), *_query_parameters(operation.query)],
            "responses": dict(_responses(operation)),
        }
    }


def _path_parameters(operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        pattern, says = PATH_PARAMETERS[name]
        schema = {"type": "string", "pattern": pattern}
        yield {"name": name, "in": "path", "required": True, "description": says, "schema": schema}


def _query_parameters(query: type[BaseModel]) -> Iterator[Json]:
    for name, schema in query.model_json_schema().get("properties", {}).items():
        says = schema.pop("description", "")
        yield {"name": name, "in": "query", "required": False, "description": says, "schema": schema}


def _responses(operation: Operation) -> Iterator[tuple[str, Json]]:
    schema = {"$ref": REF.format(model=operation.answer.__name__)}
    etag = {"description": "Of this very answer, for `If-None-Match`.", "schema": {"type": "string"}}
    yield (
        "200",
        {
            "description": (operation.answer.__doc__ or "").split("\n\n")[0],
            "headers": {"ETag": etag},
            "content": {negotiation.MEDIA_TYPE: {"schema": schema}},
        },
    )
    yield "304", {"description": "The client has this very answer already."}
    if operation.missing:
        yield "404", _problem(operation.missing)
    if "{incident}" in operation.path:
        yield "409", _problem(LEFT_ALONE)
    for status in PROBLEMS:
        yield status, {"$ref": f"#/components/responses/Problem{status}"}


def _problem(says: str) -> Json:
    schema = {"$ref": REF.format(model=ProblemDocument.__name__)}
    return {"description": says, "content": {problems.MEDIA_TYPE: {"schema": schema}}}


def published() -> str:
    """Return the document as it is published: its keys sorted, and the API's version as its version."""
    return json.dumps(document("1"), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(published())
