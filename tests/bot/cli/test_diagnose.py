"""Judging without Slack: stored evidence, its promised JSON, and past incidents judged again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.config import load
from bot.store.mac_chain import Chain
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity
from lab.scenarios import generate
from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import RootCause
from runbooks.model import Diagnosis, Verdict
from tests.bot.cli.test_app import run
from tests.bot.conftest import WriteConfig
from tests.bot.incidents import quorum_loss
from tests.builders import diagnosed, evidence, opened
from tests.waiting import until

pytestmark = pytest.mark.process

FINDING = {"cause", "verdict", "nodes", "evidence_for", "evidence_against", "would_decide", "remedies"}


def stored(folder: Path, read: Evidence) -> Path:
    file = folder / "evidence.json"
    file.write_text(read.model_dump_json())
    return file


async def test_the_json_of_a_diagnosis_has_exactly_what_is_promised(tmp_path: Path) -> None:
    code, out, err = await run("diagnose", "--evidence", str(stored(tmp_path, quorum_loss())), "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert set(answer) == {"can_elect", "leader", "summary", "findings"}
    assert (answer["can_elect"], answer["leader"]) == ("no", None)
    assert all(set(finding) == FINDING for finding in answer["findings"])
    first = answer["findings"][0]
    assert (first["cause"], first["verdict"], first["nodes"]) == (
        "quorum_loss",
        "confirmed",
        ["node2", "node3"],
    )
    (remedy,) = first["remedies"]
    assert set(remedy) == {"action", "nodes", "offered", "reason"}
    assert (remedy["action"], remedy["nodes"], remedy["offered"]) == ("start_nodes", ["node2", "node3"], True)


async def test_several_documents_give_a_line_each_and_a_bad_one_keeps_none_from_being_judged(
    tmp_path: Path,
) -> None:
    files = [tmp_path / "first.json", tmp_path / "bad.json", tmp_path / "last.json"]
    for file, text in zip(
        files, (evidence().model_dump_json(), "{", quorum_loss().model_dump_json()), strict=True
    ):
        file.write_text(text)
    code, out, _ = await run("diagnose", "--evidence", *map(str, files), "--json")
    first, bad, last = (json.loads(line) for line in out.splitlines())
    assert code == 2
    assert [answer["evidence"] for answer in (first, bad, last)] == list(map(str, files))
    assert (first["can_elect"], last["can_elect"]) == ("yes", "no")
    assert "not JSON" in bad["error"]


async def test_every_word_of_the_json_is_one_of_the_fixed_words(tmp_path: Path) -> None:
    scenario = next(scenario for scenario in generate(17) if scenario.family == "compound")
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario.evidence))
    code, out, _ = await run("diagnose", "--evidence", str(file), "--json")
    findings = json.loads(out)["findings"]
    assert code == 0
    assert {finding["cause"] for finding in findings} <= set(RootCause)
    assert {finding["verdict"] for finding in findings} <= set(Verdict)


async def test_a_diagnosis_for_people_says_what_speaks_for_it_and_what_may_be_done(tmp_path: Path) -> None:
    code, out, _ = await run("diagnose", "--evidence", str(stored(tmp_path, quorum_loss())))
    assert code == 0
    assert out.startswith("Cannot elect: node2 and node3 stopped.\n")
    assert "confirmed: Quorum loss (node2 and node3)\n  + node2: " in out
    assert "Start stopped nodes: offered." in out


NOT_EVIDENCE = {
    "not JSON": (b"no leader, help", "is not JSON"),
    "not text": (b"\xff\xfe\x00", "is not JSON"),
    "brackets without end": (b"[" * 200_000, "is nested too deeply"),
    "a list": (b"[]", "is of schema version None: this bot reads version 1"),
    "another version": (
        b'{"schema_version": 2}',
        "is of schema version 2, newer than this bot: ",
    ),
    "no nodes": (b'{"schema_version": 1, "cluster": "demo"}', "is not a valid evidence document: "),
}


@pytest.mark.parametrize(("raw", "why"), NOT_EVIDENCE.values(), ids=NOT_EVIDENCE.keys())
async def test_what_is_no_evidence_is_one_sentence_and_exit_code_2(
    tmp_path: Path, raw: bytes, why: str
) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(raw)
    code, out, err = await run("diagnose", "--evidence", str(file), "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"neumann-bot: {file} {why}")


async def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    code, _, err = await run("diagnose", "--evidence", str(tmp_path / "gone.json"))
    assert (code, err) == (
        2,
        f"neumann-bot: {tmp_path}/gone.json cannot be read: No such file or directory.\n",
    )
    code, _, err = await run("diagnose", "--evidence", "/dev/zero")
    assert (code, err) == (
        2,
        "neumann-bot: /dev/zero cannot be read: it is no regular file; `-` reads standard input.\n",
    )
    target = tmp_path / "gone" / "kept.json"
    arguments = ("--evidence", str(stored(tmp_path, evidence())), "--save", str(target))
    code, _, err = await run("diagnose", *arguments)
    assert (code, err) == (2, f"neumann-bot: {target} cannot be written: No such file or directory.\n")


@pytest.mark.parametrize("was_there", [True, False])
async def test_row_21_evidence_that_is_kept_is_nobody_elses_to_read(tmp_path: Path, was_there: bool) -> None:
    kept = tmp_path / "kept.json"
    if was_there:
        kept.write_text("x" * 100_000)
        kept.chmod(0o644)
    given = stored(tmp_path, evidence())
    forced = ("--force",) if was_there else ()
    code, _, err = await run("diagnose", "--evidence", str(given), "--save", str(kept), *forced)
    assert (code, err) == (0, "")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert Evidence.model_validate_json(kept.read_text()) == evidence()


async def test_evidence_that_was_kept_before_is_not_overwritten_unasked(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("the night before")
    code, out, err = await run(
        "diagnose", "--evidence", str(stored(tmp_path, evidence())), "--save", str(kept)
    )
    refusal = f"neumann-bot: {kept} is there already: name another file, or give --force to replace it.\n"
    assert (code, out, err) == (2, "", refusal)
    assert kept.read_text() == "the night before"


async def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code, _, err = await run("diagnose", "--evidence", str(fifo))
    assert (code, "it is no regular file; `-` reads standard input" in err) == (2, True)
    code, _, err = await run("status", "--config", str(fifo))
    assert (code, "it is no regular file" in err) == (2, True)


async def test_evidence_that_was_read_live_and_kept_gives_the_same_verdict_again(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    config = ("--config", str(write_config(redis="redis://127.0.0.1:1/0")))

    async def read_in_health() -> bool:
        code, live, err = await run("diagnose", *config, "--save", str(kept), "--force", "--json")
        assert (code in (0, 1), err) == (True, "")
        code, again, _ = await run("diagnose", "--evidence", str(kept), "--json")
        assert (code, again) == (0, live)
        return bool(json.loads(live)["findings"][0]["cause"] == "alert_stale")

    await until(read_in_health, "a reading in which the leader has settled")


async def kept_incident(config: Path, redis: Redis, *told: Diagnosis) -> None:
    """inc-7 in the Redis of this configuration, its evidence judged as today, or as the test says."""
    settings = load(config)
    store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    read, ranked = diagnosed(quorum_loss())
    judged = [ranked.model_copy(update={"diagnosis": diagnosis}) for diagnosis in told] or [ranked]
    incident = await store.append(await store.load("inc-7"), opened())
    for each in judged:
        incident = await store.append(incident, read, each)


async def test_an_incident_judged_by_the_rules_of_today_is_the_same_today(
    write_config: WriteConfig, redis: Redis
) -> None:
    config = write_config()
    await kept_incident(config, redis)
    code, out, err = await run("replay", "inc-7", "--config", str(config))
    assert (code, err) == (0, "")
    assert out == "2026-11-24 12:00:00 Cannot elect: node2 and node3 stopped.\n  the same today\n"


async def test_a_diagnosis_that_has_changed_since_is_shown_word_by_word(
    write_config: WriteConfig, redis: Redis
) -> None:
    config = write_config()
    today = leader_election.diagnose(quorum_loss())
    loss = today.top.model_copy(update={"verdict": Verdict.LIKELY, "remedies": ()})
    then = today.model_copy(update={"can_elect": "undetermined", "findings": (loss, *today.findings[1:])})
    await kept_incident(config, redis, then, today)
    code, out, err = await run("replay", "inc-7", "--config", str(config))
    assert (code, err) == (0, "")
    assert out.splitlines()[1:3] == [
        "  can elect: undetermined then, no now",
        "  quorum_loss: likely then, confirmed offering start_nodes now",
    ]
    assert out.splitlines()[-1] == "  the same today"


async def test_a_reading_that_came_in_parts_is_shown_once(write_config: WriteConfig, redis: Redis) -> None:
    config = write_config()
    settings = load(config)
    store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    partly = quorum_loss().model_copy(update={"complete": False})
    incident = await store.append(await store.load("inc-7"), opened())
    incident = await store.append(incident, *diagnosed(partly))
    await store.append(incident, *diagnosed(quorum_loss()))
    code, out, err = await run("replay", "inc-7", "--config", str(config))
    assert (code, err) == (0, "")
    assert out == "2026-11-24 12:00:00 Cannot elect: node2 and node3 stopped.\n  the same today\n"


async def test_all_incidents_are_judged_again_before_a_new_version_is_rolled_out(
    write_config: WriteConfig, redis: Redis
) -> None:
    config = write_config()
    today = leader_election.diagnose(quorum_loss())
    loss = today.top.model_copy(update={"verdict": Verdict.LIKELY, "remedies": ()})
    then = today.model_copy(update={"findings": (loss, *today.findings[1:])})
    settings = load(config)
    store = TimelineStore(redis, settings.redis.prefix, Chain.of(settings.agents))
    demo = IncidentIdentity("demo", leader_election.NAME)
    read, ranked = diagnosed(quorum_loss())
    incident = await store.append(await store.load(name := await store.claim(demo)), opened())
    for said in (then, today):
        incident = await store.append(incident, read, ranked.model_copy(update={"diagnosis": said}))
    code, out, err = await run("replay", "--all", "--config", str(config))
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        name,
        "2026-11-24 12:00:00 Cannot elect: node2 and node3 stopped.",
        "  quorum_loss: likely then, confirmed offering start_nodes now",
        "2 readings of 1 incident: 1 judged otherwise today.",
    ]


async def test_replay_wants_one_incident_or_all(write_config: WriteConfig) -> None:
    for arguments in (("replay",), ("replay", "inc-7", "--all")):
        code, _, err = await run(*arguments, "--config", str(write_config()))
        assert (code, err) == (2, "neumann-bot: Name one incident, or give --all.\n")


async def test_an_incident_that_nobody_had_is_one_sentence(write_config: WriteConfig) -> None:
    code, out, err = await run("replay", "inc-404", "--config", str(write_config()))
    assert (code, out, err) == (2, "", "neumann-bot: There is no incident inc-404.\n")


async def test_replay_says_that_redis_is_away(write_config: WriteConfig) -> None:
    file = str(write_config(redis="redis://127.0.0.1:1/0"))
    code, out, err = await run("replay", "inc-7", "--config", file)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("neumann-bot: ")
