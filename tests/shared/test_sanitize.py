"""Row 21: no text of unknown origin shows a secret, whichever way it is written there."""

from __future__ import annotations

import time

import pytest

from shared.sanitize import lines_of, plain

SECRET = "hunter2Zq9"

WRITTEN = [
    "password={}",
    "db.password = '{}' # prod",
    'Password: "{}"',
    'password="{}',
    "passphrase={}",
    "pass={}",
    "pwd={};x=1",
    "user=a pwd: {}",
    '{{"api_key": "{}"}}',
    "access_key={}",
    "AWS_SECRET_ACCESS_KEY={}",
    "private-key: {}",
    "tokens={}",
    "mysqld --password {} --port 1",
    "curl -password {}",
    "run --api-key '{}'",
    "redis://:{}@10.0.0.1:6379/0",
    "postgres://user:{}@db/x",
    "Cookie: session={}; other={}",
    "Set-Cookie: {}=1; Secure",
    "Authorization: Bearer {}",
    "authorization: basic {}==",
    "xoxb-123-{}",
    "xapp-1-{}",
    "ghp_{}aaaaaaaaaaaa",
    "eyJhbGciOiJIUzI1NiJ9.{}.sig",
    "-----BEGIN PRIVATE KEY----- {} -----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\n{}",
]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("spaces", [True, False])
def test_row_21_a_secret_is_masked(written: str, spaces: bool) -> None:
    shown = plain(f"before {written.format(SECRET, SECRET)}", limit=400, keep_spaces=spaces)
    assert SECRET not in shown
    assert "***" in shown
    assert shown.startswith("before ")


def test_row_21_a_key_of_aws_is_masked() -> None:
    assert plain("key id AKIAIOSFODNN7EXAMPLE used", limit=100) == "key id *** used"


@pytest.mark.parametrize(
    "text",
    [
        "the step passed, node2 leads",
        "http://node1:9090/metrics refused the connection.",
        "election_timeout_min_ms = 150 # was 100",
        "2026-11-24T00:00:00Z WARN tensor_chain::raft: election timeout, term=7",
        "tokenizer ready",
        "/etc/neumann/config.toml cannot be read: Permission denied.",
        "node1@10.0.0.1:7879 is unreachable",
    ],
)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert plain(text, limit=400) == text


@pytest.mark.parametrize(
    "part", ["a", "password", "-", "eyJ", "://a:", "-----BEGIN ", "Cookie:", "--token ", '"']
)
def test_row_19_no_text_takes_long(part: str) -> None:
    began = time.process_time()
    plain(part * 100_000, limit=1_000)
    assert time.process_time() - began < 1


def test_lines_end_at_a_line_feed_alone() -> None:
    assert lines_of("a\r\nb\u2028c\n\nd\x0b\n") == ["a", "b\u2028c", "", "d\x0b"]
    assert lines_of("a\nb") == ["a", "b"]
    assert lines_of("") == []
