"""What a reload takes over, and what it leaves to a restart and says so."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bot.config import Settings
from bot.reload import NEEDS_RESTART, taken_over

EXAMPLE = tomllib.loads(
    (Path(__file__).parents[2] / "deploy" / "neumann-bot.example.toml").read_text()
)  # its secrets are named here and never read


def settings(**sections: dict[str, object]) -> Settings:
    return Settings(**{**EXAMPLE, **{name: EXAMPLE.get(name, {}) | more for name, more in sections.items()}})


def test_what_was_changed_is_taken_over() -> None:
    wanted = settings(slack={"channel": "C0ANOTHER1"}, redis={"closed_kept_days": 7})
    assert taken_over(settings(), wanted) == (wanted, ())


def test_each_key_of_what_is_opened_once_stays_and_is_named() -> None:
    now = settings()
    wanted = settings(
        web={"port": 9999, "host": "0.0.0.0", "status_port": 9998, "webhook_token": {"file": "/new"}},
        redis={"url": "redis://elsewhere", "wait_for_replicas": 1},
    )
    taken, needs_restart = taken_over(now, wanted)
    assert needs_restart == ("web.host", "web.port", "web.status_port", "redis.url")
    assert (taken.web.port, taken.web.status_port, taken.redis.url) == (8080, None, now.redis.url)
    assert (str(taken.web.webhook_token.file), taken.redis.wait_for_replicas) == ("/new", 1)


def test_an_add_on_that_is_taken_out_stays_until_a_restart_and_is_named() -> None:
    """The incidents that it opened go on being judged by it."""
    wanted = settings().model_copy(update={"runbooks": ("net",)})
    assert taken_over(settings(), wanted, added=("disk", "net")) == (wanted, ("runbooks (still with disk)",))
    assert taken_over(settings(), wanted, added=("net",)) == (wanted, ())


def test_the_keys_that_stay_are_keys() -> None:
    for section, keys in NEEDS_RESTART.items():
        assert set(keys) <= set(type(getattr(settings(), section)).model_fields)
