"""The OpenAPI document is valid, is the code's own, and tells what the API really answers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.web.api.openapi import ROOT, document, published
from shared.version import version
from tests.bot.incidents import quorum_loss, whole_story
from tests.bot.web.api.site import ALL, Door, ReadOnlySite, open_door, open_site
from tests.builders import evidence, silent
from tests.handlers.story import diagnosed_world

PUBLISHED = Path(__file__).parents[4] / "docs" / "openapi.json"
PATHS = sorted(document()["paths"])


@pytest_asyncio.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    async with open_door() as door:
        yield door


@pytest.fixture
async def site(door: Door) -> AsyncIterator[ReadOnlySite]:
    async with open_site(door, await diagnosed_world(quorum_loss())) as site:
        yield site


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """Check against a schema whose references lead into the whole document."""
    return jsonschema.Draft202012Validator(
        {**document(), **schema}, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def answer_of(path: str, status: str) -> dict[str, Any]:
    response = document()["paths"][path]["get"]["responses"][status]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    (content,) = response["content"].values()
    schema: dict[str, Any] = content["schema"]
    return schema


def filled(path: str) -> str:
    return path.replace("{incident}", "inc-1").replace("{cluster}", "demo")


def test_it_is_valid_by_the_specification_of_version_3_1():
    OpenAPIV31SpecValidator(document()).validate()
    assert document()["openapi"].startswith("3.1.")


def test_the_published_one_is_the_codes_own():
    assert PUBLISHED.read_text() == published(), "make schema"


async def test_it_is_served_without_a_token_and_names_the_version_that_runs(site: ReadOnlySite):
    served = await site.http.get(f"{ROOT}/openapi.json")
    assert (served.status_code, served.json()) == (200, document())
    assert served.json()["info"]["version"] == version()


@pytest.mark.parametrize("path", PATHS)
async def test_each_answer_is_as_the_document_says(site: ReadOnlySite, path: str):
    site.world.timelines.events["inc-1"] = list(whole_story())
    for shows in (evidence(), quorum_loss(), evidence(*map(silent, ("node1", "node2")))):
        site.world.cluster.shows = shows
        site.watch.at_s += 60
        answer = await site.get(filled(path))
        assert answer.status_code == 200
        validator(answer_of(path, "200")).validate(answer.json())


@pytest.mark.parametrize("path", PATHS)
async def test_each_problem_is_as_the_document_says(site: ReadOnlySite, path: str):
    told = [
        await site.http.get(f"{ROOT}{filled(path)}"),
        await site.get(filled(path), "a-token-that-nobody-has"),
        await site.get(f"{filled(path)}?colour=red"),
        await site.get(filled(path), Accept="text/html"),
        await site.http.post(f"{ROOT}{filled(path)}"),
    ]
    assert [answer.status_code for answer in told] == [401, 401, 400, 406, 405]
    for answer in told:
        validator(answer_of(path, str(answer.status_code))).validate(answer.json())


@pytest.mark.parametrize("path", PATHS)
def test_every_part_of_a_path_is_described_and_every_operation_asks_for_a_scope(path: str):
    operation = document()["paths"][path]["get"]
    described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
    assert described == set(re.findall(r"\{(\w+)\}", path))
    ((scope,),) = [need["token"] for need in operation["security"]]
    assert scope in operation["description"]
    assert document()["paths"][path].keys() == {"get"}


def test_it_holds_no_token():
    assert ALL not in json.dumps(document())
