"""An agent of another age than the bot: it is asked for what it knows, and what it lacks is not asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal

import httpx
import msgspec
from nacl.signing import SigningKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.protocol import (
    FIRST_READINGS,
    REVISION_HEADER,
    SECOND_READINGS,
    Certificate,
    FullPing,
    Observation,
    Read,
    Refusal,
)
from bot.config import Cluster, Node
from bot.nodes.agent_client import AgentClient
from bot.nodes.agent_connection import AgentConnection
from bot.nodes.agent_evidence import NotObserved, Observed, from_agent
from bot.nodes.planned_edits import UNDOES_ONCE
from handlers.domain.evidence import document as evidence_document
from handlers.ports import NotBegun, Obstacle, Order
from runbooks.evidence import Evidence, NodeEvidence
from runbooks.missing_kind import MissingKind
from runbooks.plans import Action
from tests.builders import NOON, evidence, missing, node

URL = "https://node1:7880"


class RequestOfRevision1(msgspec.Struct, forbid_unknown_fields=True):
    """What an agent of revision 1 takes."""

    readings: tuple[Literal["clock", "service", "log", "config", "disk", "metrics", "connects", "pings"], ...]


class RequestOfRevision2(msgspec.Struct, forbid_unknown_fields=True):
    """What one of revision 2 takes."""

    readings: tuple[
        Literal["clock", "service", "log", "config", "disk", "metrics", "connects", "pings"]
        | Literal["certificates", "full_pings"],
        ...,
    ]


class OlderAgent:
    """The route of such an agent, and what it was asked for."""

    def __init__(self, revision: Literal[1, 2] = 1) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._revision, self._takes = (
            str(revision),
            RequestOfRevision1 if revision == 1 else RequestOfRevision2,
        )

    async def observe(self, request: Request) -> Response:
        body = await request.body()
        self.asked.append(tuple(msgspec.json.decode(body)["readings"]))
        headers = {REVISION_HEADER: self._revision}
        try:
            msgspec.json.decode(body, type=self._takes)
        except msgspec.ValidationError as error:
            refusal = Refusal(reason="bad_request", detail=f"ObserveRequest: {error}.")
            return Response(refusal.to_json(), status_code=400, headers=headers)
        answer = Observation(cluster="demo", node="node1", boot_id="b", boottime_s=900.0)
        return Response(answer.to_json(), headers=headers)


async def test_an_older_agent_is_asked_for_what_it_knows_and_refuses_once() -> None:
    agent = OlderAgent()
    app = Starlette(routes=[Route("/v1/observe", agent.observe, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        connection = AgentConnection(http)
        answers = [await connection.observe(URL) for _ in range(2)]
    assert [set(asked) - set(FIRST_READINGS) for asked in agent.asked] == [
        {"certificates", "full_pings", "actions"},
        set(),
        set(),
    ]
    read = from_agent("node1", Observed(answers[1], at=NOON))
    assert "certificates" not in read
    assert "full_pings" not in read
    asked_by_bot = {name: missing("no answer") for name in ("metrics", "metrics_again", "health")}
    assert NodeEvidence(node="node1", **asked_by_bot, **read).certificates is None


async def test_an_agent_of_revision_2_is_asked_for_all_but_what_it_carries_out() -> None:
    agent = OlderAgent(revision=2)
    app = Starlette(routes=[Route("/v1/observe", agent.observe, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        connection = AgentConnection(http)
        answers = [await connection.observe(URL) for _ in range(2)]
    assert [set(asked) - set(SECOND_READINGS) for asked in agent.asked] == [{"actions"}, set(), set()]
    assert "actions" not in from_agent("node1", Observed(answers[1], at=NOON))


async def test_an_agent_of_revision_3_is_not_asked_to_undo_anew() -> None:
    async def health(_: Request) -> Response:
        return Response(b"{}", headers={REVISION_HEADER: "3"})

    app = Starlette(routes=[Route("/v1/health", health)])
    undo = Action(type="undo_election_timeouts", node="node1", undoes="f" * 64, attempt=2)
    order = Order("demo", "inc-1", generation=4, fence=4, action=undo, confirmed_by="U0ALICE001")
    one = Node(name="node1", metrics_url="http://node1:9090", agent_url=URL)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        client = AgentClient((Cluster(name="demo", nodes=(one,)),), http, SigningKey.generate())
        await client.highest_fence(URL)
        assert await client.prepare(order) == NotBegun(Obstacle.NODE, UNDOES_ONCE)


CERTIFICATE = Certificate(
    origin="served", subject="CN=node1", issuer="CN=CA", not_before_s=0.0, not_after_s=4e9, names=("node1",)
)


def test_what_a_newer_agent_reads_becomes_evidence_and_stays_it_in_a_document() -> None:
    lost = FullPing(peer="node2", packet_bytes=1500, sent=3, received=0)
    observation = Observation(
        cluster="demo", node="node1", boot_id="b", boottime_s=1.0,
        certificates=Read(value=(CERTIFICATE,)), full_pings=Read(value=(lost,)),
    )  # fmt: skip
    read = from_agent("node1", Observed(observation, at=NOON))
    whole = evidence(node("node1", certificates=read["certificates"], full_pings=read["full_pings"]))
    assert evidence_document.parse(whole.model_dump_json().encode(), "it") == whole
    pings, certificates = whole.nodes[0].full_pings, whole.nodes[0].certificates
    assert pings
    assert pings.value
    assert pings.value[0].is_lost
    assert certificates
    assert certificates.value
    assert certificates.value[0].names == ("node1",)


def test_full_pings_that_cannot_be_are_no_reading() -> None:
    wrong = FullPing(peer="node2", packet_bytes=1500, sent=3, received=4)
    observation = Observation(
        cluster="demo", node="node1", boot_id="b", boottime_s=1.0, full_pings=Read(value=(wrong,))
    )
    read = from_agent("node1", Observed(observation, at=NOON))["full_pings"]
    assert (read.value, read.kind) == (None, MissingKind.OTHER)


def test_an_agent_that_is_away_gives_its_reason_to_the_newer_readings_as_well() -> None:
    read = from_agent("node1", NotObserved("away", MissingKind.OTHER, at=datetime.now(UTC)))
    assert read["certificates"].missing == read["full_pings"].missing == "away"


def test_a_document_from_before_holds_neither_and_is_read_and_written_as_it_was() -> None:
    now = json.loads(evidence().model_dump_json())
    for each in now["nodes"]:
        del each["certificates"], each["full_pings"]
    old = Evidence.model_validate(now)
    assert (old.nodes[0].certificates, old.nodes[0].full_pings) == (None, None)
    assert json.loads(old.model_dump_json()) == now
