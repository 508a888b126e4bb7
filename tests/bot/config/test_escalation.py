"""What `[escalation]` may say, what it hardly means, and what it cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.cli.config_doubts import doubts
from bot.config import Settings, contradictions, load
from bot.config.escalation import EscalationSettings, PagingWebhookSettings
from handlers.domain.escalation.model import Target, TargetKind

EXAMPLE = Path(__file__).parents[3] / "deploy" / "neumann-bot.example.toml"


def policies(*tiers: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"policies": [{"tiers": list(tiers), **rest}]}


def tier(*tell: str, after_min: int = 5) -> dict[str, Any]:
    return {"after_min": after_min, "tell": list(tell)}


def beside_the_example(section: dict[str, Any]) -> Settings:
    return load(EXAMPLE).model_copy(update={"escalation": EscalationSettings.model_validate(section)})


def test_every_way_to_be_told_is_a_target():
    words = ("on-call", "user:U0ANN", "group:S0ON", "channel:C0ALL", "dm:U0ANN", "dm:on-call", "pagerduty")
    plan = EscalationSettings.model_validate(policies(tier(*words))).plan
    (only,) = plan.tiers("demo", "critical")
    assert only.after == timedelta(minutes=5)
    assert [(each.kind.value, each.id) for each in only.targets] == [
        ("on-call", "on-call"),
        ("user", "U0ANN"),
        ("group", "S0ON"),
        ("channel", "C0ALL"),
        ("dm", "U0ANN"),
        ("dm", "on-call"),
        ("pagerduty", ""),
    ]
    assert only.targets[-1] == Target(kind=TargetKind.PAGERDUTY)


@pytest.mark.parametrize(
    "word", ["alice", "user:alice", "group:C0ALL", "pagerduty:P1", "on-call:x", "user:", "<!channel>", ""]
)
def test_whoever_cannot_be_told_is_refused_with_what_there_is(word: str):
    with pytest.raises(ValidationError, match="is nobody that can be told; write on-call, user:U"):
        EscalationSettings.model_validate(policies(tier(word)))


def test_tiers_out_of_order_and_half_a_night_are_refused():
    with pytest.raises(ValidationError, match="order them by after_min"):
        EscalationSettings.model_validate(
            policies(tier("on-call", after_min=9), tier("on-call", after_min=3))
        )
    with pytest.raises(ValidationError, match="quiet_from and quiet_to belong together"):
        EscalationSettings.model_validate({"quiet_from": "22:00:00"})
    with pytest.raises(ValidationError, match="needs one of calendar and pagerduty"):
        EscalationSettings.model_validate({"on_call": {"people": {"Ann": "U0ANN"}}})


@pytest.mark.parametrize("written", ["22:00:00Z", "22:00:00+02:00", time(22, tzinfo=UTC)])
def test_a_quiet_hour_with_an_offset_is_refused(written: object):
    for section in (
        {"quiet_from": written, "quiet_to": "07:00:00"},
        {"quiet_from": "07:00:00", "quiet_to": written},
    ):
        with pytest.raises(ValidationError, match="go by the clocks of time_zone"):
            EscalationSettings.model_validate(section)


@pytest.mark.parametrize("written", [79200, 79200.0, True])
def test_a_quiet_hour_that_is_no_time_of_day_is_refused(written: object):
    with pytest.raises(ValidationError, match='write a time of day, such as "22:00:00"'):
        EscalationSettings.model_validate({"quiet_from": written, "quiet_to": "07:00:00"})


def test_quiet_hours_of_no_length_are_refused():
    with pytest.raises(ValidationError, match="are the same"):
        EscalationSettings.model_validate({"quiet_from": "22:00:00", "quiet_to": "22:00"})


@pytest.mark.parametrize("written", ["22:00", "22:00:00", time(22)])
def test_quiet_hours_are_as_clocks_show_them(written: object):
    plan = EscalationSettings.model_validate({"quiet_from": written, "quiet_to": "07:00:00"}).plan
    at = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert plan.quiet and plan.quiet.over_at(at) == datetime(2026, 12, 1, 7, tzinfo=UTC)


def test_a_route_without_its_section_and_a_cluster_that_is_none_are_contradictions():
    settings = beside_the_example(policies(tier("pagerduty", "on-call"), clusters=["dmeo"]))
    found = {".".join(map(str, path)): what for path, what in contradictions(settings)}
    assert "did you mean demo?" in found["escalation.policies.0.clusters"]
    said = [what for path, what in contradictions(settings) if path[-1] == "tell"]
    assert said == [
        "pagerduty has no section [escalation.pagerduty]",
        "on-call has no section [escalation.on_call]",
    ]


def test_ids_of_the_example_are_doubted():
    settings = beside_the_example(
        policies(tier("group:S0123456789", "channel:C0123456789", "dm:U0123456789"))
    )
    said = [what for path, what in doubts(settings) if path[0] == "escalation"]
    assert len(said) == 3
    assert all("is the example's" in each for each in said)


@pytest.mark.parametrize(
    "url",
    [
        "https://pages.example.com/neumann?team=db",
        "https://10.0.0.7:8443",
        "http://127.0.0.1:8080/pages",
        "http://localhost",
        "http://[::1]:8080/",
    ],
)
def test_an_address_is_https_or_this_host(url: str):
    assert PagingWebhookSettings.model_validate({"url": url, "secret": {"file": "/s"}}).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://pages.example.com/neumann",
        "http://localhost.example.com",
        "http://localhost@pages.example.com",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1:80@pages.example.com/",
        "ftp://pages.example.com",
        "https://",
        "https://pages.example.com/#part",
    ],
)
def test_no_key_and_no_page_goes_over_the_network_in_the_clear(url: str):
    with pytest.raises(ValidationError, match="is no https:// address; http:// is for this host alone"):
        PagingWebhookSettings.model_validate({"url": url, "secret": {"file": "/s"}})
