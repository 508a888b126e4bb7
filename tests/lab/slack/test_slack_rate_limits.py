"""The Web API slows a bot down as Slack would."""

import math

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from lab.slack.methods.table import METHODS
from lab.slack.rate_limits import RateLimits
from lab.slack.server import SlackWorkspaceServer


class Clock:
    """A monotonic clock which a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_fifty_updates_a_minute_and_one_message_a_second() -> None:
    clock = Clock()
    limits = RateLimits(clock)
    assert [limits.take("chat.update", "C1") for _ in range(51)] == [0] * 50 + [2]
    clock.now_s += 1.2
    assert limits.take("chat.update", "C1") == 0

    assert [limits.take("chat.postMessage", "C1") for _ in range(6)] == [0] * 5 + [1]
    assert limits.take("chat.postMessage", "C2") == 0, "another channel has its own bucket"
    clock.now_s += 1
    assert [limits.take("chat.postMessage", "C1") for _ in range(2)] == [0, 1]


TIERS = [(name, method.calls_per_minute) for name, method in METHODS.items() if method.calls_per_minute]


@pytest.mark.parametrize(("method", "calls"), TIERS)
def test_a_method_is_taken_as_often_as_its_tier_allows(method: str, calls: int) -> None:
    clock = Clock()
    limits = RateLimits(clock)
    assert [limits.take(method, None) for _ in range(calls)] == [0] * calls
    wait_s = limits.take(method, None)
    assert wait_s == math.ceil(60 / calls)
    clock.now_s += wait_s
    assert limits.take(method, None) == 0


async def test_the_429_carries_how_long_to_wait() -> None:
    async with SlackWorkspaceServer(has_rate_limits=True) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=f"{slack.url}/api/")
        with pytest.raises(SlackApiError) as limited:
            for n in range(20):
                await client.chat_postMessage(channel="C0INCIDENT", text=str(n))
    assert limited.value.response.status_code == 429
    assert int(limited.value.response.headers["Retry-After"]) >= 1
