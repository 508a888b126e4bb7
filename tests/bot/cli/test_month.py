"""`neumann-bot incidents month` reads Redis back, draws it, and its exit code is for a job."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.month import as_document
from bot.config import load as load_settings
from bot.store.client import connect
from bot.store.mac_chain import Chain
from bot.store.retention import Retention
from bot.store.timelines import TimelineStore
from handlers.domain.alerts import IncidentIdentity
from tests.bot import incidents
from tests.bot.cli.test_app import run
from tests.bot.conftest import WriteConfig
from tests.bot.months import busy, calm

DEMO = IncidentIdentity("demo", "leader-election")


def test_the_document_has_every_figure_in_seconds() -> None:
    document = as_document(busy())
    assert json.loads(json.dumps(document)) == json.loads(json.dumps(document))
    assert (document["leaderless_s"], document["allowed_s"], document["objective"]) == (
        1530.0,
        2592.0,
        "undetermined",
    )
    assert document["leaderless_by"] == "readings"
    assert document["median_s"] == {
        "detect": 32.0,
        "acknowledge": None,
        "diagnose": 4.0,
        "mend": 240.0,
    }
    listed = document["incidents"]
    assert isinstance(listed, list)
    assert len(listed) == 17
    assert as_document(calm())["kept_since"] == "2026-11-01T00:00:00+00:00"
    assert as_document(replace(calm(), kept_since=None))["unknown_s"] is None


@pytest.mark.process
async def test_what_is_in_redis_is_counted_up_drawn_and_judged(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    file = write_config()
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=10)
    settings = load_settings(file)
    redis = connect(settings.redis.url)
    chain = Chain.of(settings.agents)
    store = TimelineStore(redis, settings.redis.prefix, chain)
    incident_id = await store.claim(DEMO)
    story = incidents.opened_at(last_month, incidents.healed())
    await store.append(await store.load(incident_id), *story)
    await store.release(DEMO, incident_id)
    await Retention(redis, settings.redis.prefix, store, chain).trim(90)
    await redis.aclose()

    picture = tmp_path / "month.png"
    month = f"{story[0].at:%Y-%m}"
    code, out, err = await run(
        "incidents", "month", "demo", month, "--picture", str(picture), "--config", str(file)
    )
    assert (code, err) == (0, "")
    assert incident_id in out
    assert "Quorum loss on node2 and node3" in out
    assert "no objective is set" in out
    assert "what was closed before is not kept" in out, "the bot began with this incident"
    assert picture.read_bytes().startswith(b"\x89PNG")

    file.write_text(f"{file.read_text()}\n[objective]\nleaderless_minutes_month = 2.9\n")
    code, out, _ = await run("incidents", "month", month, "--json", "--config", str(file))
    document = json.loads(out)
    assert (code, document["objective"], document["leaderless_s"]) == (1, "missed", 180.0)
    code, _, err = await run("incidents", "month", "demo", "2026-13", "--config", str(file))
    assert (code, err.startswith("neumann-bot: Which month?")) == (2, True)
