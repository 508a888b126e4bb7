"""Where traces may go, and the file of the headers that go with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import TracingSettings
from bot.secret_files import SecretFile
from handlers.errors import ConfigurationError

ENDPOINT = "https://collector.example.com/v1/traces"


def with_headers(folder: Path, text: str) -> TracingSettings:
    file = folder / "tracing-headers"
    file.touch(mode=0o600)
    file.write_text(text)
    return TracingSettings(endpoint=ENDPOINT, headers=SecretFile(file=file))


@pytest.mark.parametrize(
    "endpoint",
    [
        ENDPOINT,
        "https://[2001:db8::7]:4318/",
        "https://otel_1:4318",
        "http://localhost:4318/v1/traces",
        "http://127.0.0.1:4318/",
        "http://[::1]/v1/traces",
    ],
)
def test_traces_go_over_tls_or_stay_on_this_host(endpoint: str):
    assert TracingSettings(endpoint=endpoint).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://collector.example.com/v1/traces",
        "http://localhost.example.com/v1/traces",
        "http://127.0.0.1@example.com/",
        "https://user:password@example.com/",
        "https://example.com/?key=1",
        "grpc://localhost:4317",
        "https://[::1/v1/traces",
        "https://example.com:abc/",
        "https://example.com:99999/",
        "http://localhost:0/",
        "https://.../",
        "https://%zz/",
        "https://exämple.com/",
        "https://example.com/\0",
        "",
    ],
)
def test_no_other_address_is_taken(endpoint: str):
    with pytest.raises(ValidationError):
        TracingSettings(endpoint=endpoint)


@pytest.mark.parametrize("ratio", [0.0, 1.5, -0.1])
def test_a_ratio_is_more_than_nothing_and_at_most_all(ratio: float):
    with pytest.raises(ValidationError):
        TracingSettings(endpoint=ENDPOINT, sample_ratio=ratio)


def test_headers_are_lines_of_a_file(tmp_path: Path):
    settings = with_headers(tmp_path, "Authorization: Basic dXNlcjpw\n\n  X-Scope-OrgID:ops \n")
    assert settings.read_headers() == {"Authorization": "Basic dXNlcjpw", "X-Scope-OrgID": "ops"}
    assert TracingSettings(endpoint=ENDPOINT).read_headers() == {}


def test_a_line_that_is_no_header_is_named_by_its_number_alone(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="Line 2 of the secret file") as caught:
        with_headers(tmp_path, "Authorization: a\nS3CR3T").read_headers()
    assert "S3CR3T" not in str(caught.value)
