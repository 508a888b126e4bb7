"""Somebody with a token reads incidents, evidence, status and posture; by the rules of HTTP, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.config.read_only import Scope
from handlers.domain.events.lifecycle import Closed
from handlers.errors import StoreDown
from runbooks.evidence import Evidence
from tests.bot.incidents import quorum_loss, whole_story
from tests.bot.web.api.site import NARROW, Door, ReadOnlySite, bearer, open_door, open_site
from tests.builders import NOON, evidence, opened, silent
from tests.handlers.story import diagnosed_world
from tests.handlers.world import World

EVERY_ADDRESS = {
    "/incidents": Scope.INCIDENTS,
    "/incidents/inc-1": Scope.INCIDENTS,
    "/incidents/inc-1/evidence": Scope.EVIDENCE,
    "/clusters": Scope.STATUS,
    "/clusters/demo/status": Scope.STATUS,
    "/clusters/demo/posture": Scope.POSTURE,
}
every_address = pytest.mark.parametrize("path", EVERY_ADDRESS)


@pytest_asyncio.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    async with open_door() as door:
        yield door


@pytest.fixture
async def site(door: Door) -> AsyncIterator[ReadOnlySite]:
    """Two of three nodes are gone, and an incident `inc-1` says so."""
    async with open_site(door, await diagnosed_world(quorum_loss())) as site:
        yield site


async def test_a_dashboard_lists_what_is_open_and_follows_one_incident_to_its_evidence(site: ReadOnlySite):
    listed = (await site.get("/incidents?state=open")).json()
    (line,) = listed["incidents"]
    assert (line["id"], line["cluster"], line["stage"]) == ("inc-1", "demo", "diagnosed")
    assert (line["cause"], line["verdict"], line["held_by"]) == ("quorum_loss", "confirmed", None)
    assert (listed["next_cursor"], listed["left_alone"]) == (None, [])

    incident = (await site.get(f"/incidents/{line['id']}")).json()
    assert [event["kind"] for event in incident["timeline"]] == [
        "alerts_received",
        "evidence_read",
        "findings_ranked",
    ]
    assert incident["timeline"][0]["sentence"] == "Alertmanager: NoLeader firing (opened)"
    assert incident["findings"][0]["nodes"] == ["node2", "node3"]

    document = await site.get(f"/incidents/{line['id']}/evidence")
    assert Evidence.model_validate_json(document.content) == quorum_loss()


async def test_the_status_of_a_cluster_is_what_slack_is_told(site: ReadOnlySite):
    status = (await site.get("/clusters/demo/status")).json()
    assert (status["state"], status["leader"], status["can_elect"]) == ("no_leader", None, "no")
    assert {node["node"]: node["role"] for node in status["nodes"]} == {
        "node1": "candidate",
        "node2": None,
        "node3": None,
    }
    assert any(line.startswith("not read: metrics") for line in status["not_read"])
    cut = next(link for link in status["links"] if (link["observer"], link["peer"]) == ("node1", "node2"))
    assert cut["raft"] == "refused"


async def test_a_cluster_that_nobody_answers_for_is_never_fine(site: ReadOnlySite):
    site.world.cluster.shows = evidence(*map(silent, ("node1", "node2", "node3")))
    status = (await site.get("/clusters/demo/status")).json()
    assert status["state"] == "could_not_be_read"
    assert status["can_elect"] == "undetermined"
    posture = (await site.get("/clusters/demo/posture")).json()
    assert posture["worst"] != "fine"


async def test_the_posture_names_rule_and_source_of_each_line(site: ReadOnlySite):
    posture = (await site.get("/clusters/demo/posture")).json()
    assert (posture["cluster"], posture["worst"]) == ("demo", "critical")
    spare = next(line for line in posture["lines"] if line["check"] == "spare-nodes")
    assert spare["rule"] == "a quorum, more than half of the configured members, stays up and connected"
    assert spare["source"] == "Raft, section 5.2"


async def test_a_long_history_is_paged_to_its_end_and_nothing_comes_twice(site: ReadOnlySite):
    timelines = site.world.timelines
    for number in range(2, 12):
        timelines.events[f"inc-{number}-abc"] = [opened(), Closed(at=NOON, detail="Well again.")]
        timelines.released[f"demo/{number}"] = f"inc-{number}-abc"
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        page = (await site.get(f"/incidents?limit=4{cursor}")).json()
        seen += [each["id"] for each in page["incidents"]]
        cursor = f"&cursor={page['next_cursor']}"
        timelines.events["inc-99-new"], timelines.open["demo/new"] = [opened()], "inc-99-new"
        if page["next_cursor"] is None:
            break
    assert seen == [*(f"inc-{number}-abc" for number in range(11, 1, -1)), "inc-1"]
    closed = (await site.get("/incidents?state=closed")).json()["incidents"]
    assert {each["stage"] for each in closed} == {"closed"}
    assert len(closed) == 10


async def test_an_incident_that_cannot_be_believed_is_named_and_never_left_out_in_silence(site: ReadOnlySite):
    site.world.timelines.tampered.add("inc-1")
    listed = (await site.get("/incidents")).json()
    assert (listed["incidents"], len(listed["left_alone"])) == ([], 1)
    refused = await site.get("/incidents/inc-1")
    assert (refused.status_code, refused.json()["reason"]) == (409, "left_alone")


async def test_every_kind_of_event_has_its_sentence(site: ReadOnlySite):
    site.world.timelines.events["inc-1"] = list(whole_story())
    incident = (await site.get("/incidents/inc-1")).json()
    assert [event["position"] for event in incident["timeline"]] == list(range(1, len(whole_story()) + 1))
    assert all(event["sentence"] for event in incident["timeline"])


async def test_no_button_can_be_made_of_what_is_told(site: ReadOnlySite):
    """A handle is what a click carries; whoever knew it would know one half of a forged click."""
    site.world.timelines.events["inc-1"] = [
        event.model_copy(update={"handle": "THE-HANDLE"}) if event.kind == "alerts_received" else event
        for event in whole_story()
    ]
    told = "".join([(await site.get(path)).text for path in EVERY_ADDRESS])
    assert "THE-HANDLE" not in told
    assert "plan-handle" not in told


@every_address
@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer wrong", "Basic dTpw", "Bearer \xe9"])
async def test_without_a_token_nothing_is_told_and_the_answer_says_which_is_wanted(
    site: ReadOnlySite, path: str, shown: str
):
    header = {b"Authorization": shown.encode("latin-1")} if shown else {}
    answer = await site.http.get(f"/api/v1{path}", headers=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="neumann-bot"')
    is_bearer = shown.startswith("Bearer")  # RFC 6750, 3: no error of a token to who showed none
    assert ("invalid_token" in answer.headers["www-authenticate"]) == is_bearer
    assert answer.json()["reason"] == ("wrong_token" if is_bearer else "no_token")
    assert site.world.cluster.reads == 0


async def test_the_word_bearer_may_be_written_in_any_case(site: ReadOnlySite):
    header = bearer()["Authorization"].replace("Bearer", "bEARER")
    assert (await site.http.get("/api/v1/clusters", headers={"Authorization": header})).status_code == 200


@pytest.mark.parametrize("scope", Scope)
@every_address
async def test_a_token_opens_what_its_scope_names_and_nothing_else(
    site: ReadOnlySite, path: str, scope: Scope
):
    answer = await site.get(path, NARROW[scope])
    if scope is EVERY_ADDRESS[path]:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["reason"]) == (403, "scope")
    wanted = f'error="insufficient_scope", scope="{EVERY_ADDRESS[path]}"'
    assert wanted in answer.headers["www-authenticate"]
    assert site.world.cluster.reads == 0


PROBLEMS = {
    "/incidents/inc-2": (404, "unknown_incident"),
    "/incidents/7": (404, "unknown_incident"),
    "/incidents/inc-1%00": (404, "unknown_incident"),
    "/incidents/inc-2/evidence": (404, "unknown_incident"),
    "/incidents?cluster=prod": (404, "unknown_cluster"),
    "/clusters/prod/status": (404, "unknown_cluster"),
    "/clusters/dem/status": (404, "unknown_cluster"),
    "/clusters/demo": (404, "no_such_address"),
    "/": (404, "no_such_address"),
    "/incidents?limit=0": (400, "parameter"),
    "/incidents?limit=many": (400, "parameter"),
    "/incidents?state=lost": (400, "parameter"),
    "/incidents?cursor=12": (400, "parameter"),
    "/incidents?limit=1&limit=2": (400, "parameter"),
    "/incidents?colour=red": (400, "parameter"),
    "/clusters?x=1": (400, "parameter"),
}


@pytest.mark.parametrize(("path", "expected"), PROBLEMS.items())
async def test_what_cannot_be_answered_is_a_problem_with_a_word_and_a_sentence(
    site: ReadOnlySite, path: str, expected: tuple[int, str]
):
    answer = await site.get(path)
    problem = answer.json()
    assert (answer.status_code, problem["reason"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "about:blank"
    assert problem["status"] == answer.status_code
    assert 20 < len(problem["detail"]) < 400
    assert "\n" not in problem["detail"]


async def test_an_incident_whose_cluster_was_not_read_has_no_evidence(site: ReadOnlySite):
    site.world.timelines.events["inc-1"] = [opened()]
    answer = await site.get("/incidents/inc-1/evidence")
    assert (answer.status_code, answer.json()["reason"]) == (404, "nothing_read")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@every_address
async def test_only_reading_is_allowed(site: ReadOnlySite, path: str, method: str):
    answer = await site.http.request(method, f"/api/v1{path}", headers=bearer(), content=b"{}")
    assert (answer.status_code, answer.json()["reason"]) == (405, "method")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@every_address
async def test_no_page_of_another_site_may_read_it(site: ReadOnlySite, path: str):
    answer = await site.get(path, Origin="https://elsewhere.example")
    assert [name for name in answer.headers if name.startswith("access-control")] == []


@every_address
async def test_head_gives_the_head_of_the_answer_alone(site: ReadOnlySite, path: str):
    head = await site.http.head(f"/api/v1{path}", headers=bearer())
    full = await site.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    assert head.headers["etag"] == full.headers["etag"]


@every_address
async def test_who_has_the_answer_already_gets_no_second_copy(site: ReadOnlySite, path: str):
    tag = (await site.get(path)).headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = await site.get(path, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await site.get(path, **{"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/*;q=0.1", 200),
        ("text/html, */*;q=0.8", 200),
        ("application/json;q=x", 200),
        ("text/html", 406),
        ("application/json;q=0, */*", 406),
        ("*/*;q=0", 406),
    ],
)
async def test_who_takes_no_json_is_told_so(site: ReadOnlySite, accept: str, status: int):
    answer = await site.get("/clusters", Accept=accept)
    assert answer.status_code == status


async def test_a_header_that_is_a_list_may_come_in_several_lines(site: ReadOnlySite):
    lines = [("Accept", "text/html"), ("Accept", "application/json"), *bearer().items()]
    answer = await site.http.get("/api/v1/clusters", headers=lines)
    assert answer.status_code == 200
    known = [("If-None-Match", '"other"'), ("If-None-Match", answer.headers["etag"]), *lines]
    assert (await site.http.get("/api/v1/clusters", headers=known)).status_code == 304


@every_address
async def test_nobody_is_led_elsewhere_with_his_token(site: ReadOnlySite, path: str):
    answer = await site.get(f"{path}/", Host="elsewhere.example")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


async def test_what_is_told_is_kept_by_nobody_in_between(site: ReadOnlySite):
    answer = await site.get("/incidents")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"]


async def test_who_asks_too_often_is_told_when_to_come_again_and_the_others_are_answered(
    door: Door,
):
    async with open_site(door, World(), per_min=6) as site:
        answers = [(await site.get("/clusters")).status_code for _ in range(7)]
        assert answers == [200] * 6 + [429]
        refused = await site.get("/clusters")
        assert (refused.headers["retry-after"], refused.json()["reason"]) == ("10", "too_many_requests")
        assert (await site.get("/clusters", NARROW[Scope.STATUS])).status_code == 200
        site.watch.at_s += 10
        assert (await site.get("/clusters")).status_code == 200


async def test_many_who_ask_at_once_make_the_bot_read_the_cluster_once(site: ReadOnlySite):
    for path in ("/clusters/demo/status", "/clusters/demo/posture", "/clusters/demo/status"):
        assert (await site.get(path)).status_code == 200
    assert site.world.cluster.reads == 1
    site.watch.at_s += 10
    await site.get("/clusters/demo/status")
    assert site.world.cluster.reads == 2


async def test_while_redis_is_away_a_client_is_asked_to_come_again(
    site: ReadOnlySite, monkeypatch: pytest.MonkeyPatch
):
    async def down() -> tuple[str, ...]:
        raise StoreDown

    monkeypatch.setattr(site.world.timelines, "open_incidents", down)
    answer = await site.get("/incidents")
    assert (answer.status_code, answer.json()["reason"]) == (503, "store_down")
    assert answer.headers["retry-after"] == "5"


async def test_a_fault_of_the_bots_own_is_a_problem_too_and_shows_nothing_of_its_inside(
    site: ReadOnlySite, monkeypatch: pytest.MonkeyPatch
):
    async def broken() -> tuple[str, ...]:
        raise KeyError("a secret of the inside")

    monkeypatch.setattr(site.world.timelines, "open_incidents", broken)
    with capture_logs() as lines:
        answer = await site.get("/incidents")
    assert (answer.status_code, answer.json()["reason"]) == (500, "failed")
    assert "inside" not in answer.text
    assert [line["operation"] for line in lines if line["event"] == "api_failed"] == ["listIncidents"]


async def test_a_reading_says_when_it_was_taken(site: ReadOnlySite):
    site.world.cluster.shows = replace_time(evidence())
    status = (await site.get("/clusters/demo/status")).json()
    assert datetime.fromisoformat(status["read_at"]) == replace_time(evidence()).started_at


def replace_time(read: Evidence) -> Evidence:
    return read.model_copy(update={"started_at": NOON.replace(hour=13)})
