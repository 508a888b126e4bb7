"""A token that can be used is long, is given once, lies in a private file, and fills its bucket evenly."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.config.read_only import ApiSettings, ApiToken, Scope
from bot.secret_files import SecretFile
from bot.web.api.tokens import Caller, RequestRate, Tokens
from handlers.errors import ConfigurationError
from tests.bot.web.api.site import ALL, TOKENS, Stopwatch


def configured(folder: Path, *tokens: str, mode: int = 0o600) -> ApiSettings:
    found = []
    for number, token in enumerate(tokens):
        file = folder / f"token-{number}"
        file.write_text(f"{token}\n")
        file.chmod(mode)
        scopes = frozenset({Scope.STATUS})
        found.append(ApiToken(name=f"caller{number}", token=SecretFile(file=file), scopes=scopes))
    return ApiSettings(tokens=tuple(found))


def test_a_token_is_read_from_its_file(tmp_path: Path):
    tokens = Tokens.of(configured(tmp_path, "the-first-of-both-tokens", "the-second-of-both-tokens"))
    assert tokens.bearer("Bearer the-second-of-both-tokens") == Caller("caller1", frozenset({Scope.STATUS}))


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        (("short",), "fewer than 20 characters"),
        (("one-token-for-two-callers",) * 2, "is that of caller0 too"),
    ],
)
def test_a_token_that_is_weak_or_of_two_is_refused_at_the_start(
    tmp_path: Path, tokens: tuple[str, ...], says: str
):
    with pytest.raises(ConfigurationError, match=says):
        Tokens.of(configured(tmp_path, *tokens))


def test_a_token_that_others_can_read_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Tokens.of(configured(tmp_path, "the-first-of-both-tokens", mode=0o644))


def test_two_callers_have_two_names(tmp_path: Path):
    one, other = configured(tmp_path, "the-first-of-both-tokens", "the-second-of-both-tokens").tokens
    with pytest.raises(ValidationError, match="two tokens with the same name, caller0"):
        ApiSettings(tokens=(one, other.model_copy(update={"name": one.name})))


def basic(name: str, token: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{token}'.encode()).decode()}"


def test_a_browser_shows_the_token_as_a_password():
    visitor = TOKENS.visitor(basic("anybody", ALL))
    assert visitor
    assert visitor.name == "dashboard"
    assert TOKENS.visitor(f"Bearer {ALL}") == visitor
    assert TOKENS.bearer(basic("anybody", ALL)) is None, "the API takes bearer tokens alone"


@given(st.one_of(st.text(), st.binary().map(lambda raw: f"Basic {base64.b64encode(raw).decode()}")))
def test_whatever_else_is_shown_lets_nobody_in(shown: str):
    assert TOKENS.visitor(shown) is None


def test_a_bucket_fills_evenly_and_never_over_one_minute():
    watch = Stopwatch()
    rate, caller = RequestRate(60, watch), Caller("dashboard", frozenset())
    assert [rate.wait_s(caller) for _ in range(61)] == [0] * 60 + [1]
    watch.at_s += 2
    assert [rate.wait_s(caller) for _ in range(3)] == [0, 0, 1]
    watch.at_s += 3600
    assert [rate.wait_s(caller) for _ in range(61)] == [0] * 60 + [1]
