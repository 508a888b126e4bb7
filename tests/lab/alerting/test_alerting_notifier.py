"""The notifier speaks when Alertmanager would, and keeps trying where Alertmanager would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from lab.alerting.alerts import Alert
from lab.alerting.notifier import Group, Notifier, Reason, Timing
from lab.alerting.samples import Labels, labels_of
from tests.lab.alerting.stubs import Receiver, Until

NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUICK = Timing(group_wait_s=0.05, group_interval_s=0.1)


def firing(name: str, cluster: str = "demo") -> Alert:
    return Alert(labels_of({"alertname": name, "cluster": cluster}), {}, "up == 0", "firing", 0.0, NOW)


def resolved(name: str, cluster: str = "demo") -> Alert:
    labels = firing(name, cluster).labels
    return Alert(labels, {}, "up == 0", "resolved", 0.0, NOW, NOW)


@asynccontextmanager
async def notifier_to(url: str, timing: Timing = QUICK) -> AsyncIterator[Notifier]:
    notifier = Notifier(url, "s3cr3t", timing=timing)
    running = asyncio.create_task(notifier.run())
    try:
        yield notifier
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def codes(notifier: Notifier) -> list[int | None]:
    return [delivery.status_code for delivery in notifier.deliveries]


@pytest.mark.process
async def test_an_alert_is_posted_once_with_the_token_and_once_more_when_it_is_resolved(
    receiver: Receiver, until: Until
):
    async with notifier_to(receiver.url) as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: len(receiver.bodies) == 1)
        await asyncio.sleep(0.5)  # several group intervals, in which there is nothing to say
        notifier.receive([resolved("NoLeader")])
        await until(lambda: len(receiver.bodies) == 2)
        await asyncio.sleep(0.5)
    assert [body["status"] for body in receiver.bodies] == ["firing", "resolved"]
    assert receiver.headers[0]["Authorization"] == "Bearer s3cr3t"
    assert not receiver.headers[0]["User-Agent"].startswith("Alertmanager")
    assert [d.reason for d in notifier.deliveries] == [Reason.FIRST, Reason.ALL_RESOLVED]


async def test_clusters_are_told_apart_and_what_is_together_arrives_together(
    receiver: Receiver, until: Until
):
    async with notifier_to(receiver.url) as notifier:
        notifier.receive([firing("NoLeader"), firing("NodeDown"), firing("NoLeader", "other")])
        await until(lambda: len(receiver.bodies) == 2)
    by_key = {body["groupKey"]: len(body["alerts"]) for body in receiver.bodies}
    assert by_key == {'{}:{cluster="demo"}': 2, '{}:{cluster="other"}': 1}


async def test_a_failing_receiver_is_tried_again_until_it_takes_the_alert(receiver: Receiver, until: Until):
    receiver.answers = [503, 500]
    async with notifier_to(receiver.url, Timing(group_wait_s=0.05, group_interval_s=3600.0)) as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: len(receiver.bodies) == 3)
        await until(lambda: codes(notifier) == [503, 500, 200])


async def test_a_receiver_that_is_not_there_yet_gets_the_alert_when_it_comes(
    unused_tcp_port: int, until: Until
):
    async with notifier_to(f"http://127.0.0.1:{unused_tcp_port}/") as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: len(notifier.deliveries) >= 2)
    assert set(codes(notifier)) == {None}


@pytest.mark.process
async def test_a_refusal_is_repeated_no_sooner_than_the_next_group_interval(receiver: Receiver, until: Until):
    receiver.answers = [400]
    async with notifier_to(receiver.url, Timing(group_wait_s=0.05, group_interval_s=3600.0)) as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: codes(notifier) == [400])
        await asyncio.sleep(1.0)  # longer than the first retry would wait
        assert codes(notifier) == [400]


async def test_a_refused_alert_comes_again_with_the_next_group_interval(receiver: Receiver, until: Until):
    receiver.answers = [400]
    async with notifier_to(receiver.url) as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: codes(notifier) == [400, 200])


async def test_an_alert_that_keeps_firing_is_repeated(receiver: Receiver, until: Until):
    timing = Timing(group_wait_s=0.05, group_interval_s=0.1, repeat_interval_s=0.3)
    async with notifier_to(receiver.url, timing) as notifier:
        notifier.receive([firing("NoLeader")])
        await until(lambda: len(notifier.deliveries) >= 3)
    assert [d.reason for d in notifier.deliveries][:3] == [Reason.FIRST, Reason.REPEAT, Reason.REPEAT]


async def test_what_resolves_while_its_news_is_under_way_is_told_afterwards(receiver: Receiver, until: Until):
    async with notifier_to(receiver.url) as notifier:
        notifier.receive([firing("NoLeader"), firing("NodeDown")])
        await until(lambda: len(receiver.bodies) == 1)
        notifier.receive([resolved("NodeDown")])
        await until(lambda: len(receiver.bodies) == 2)
        notifier.receive([resolved("NoLeader")])
        await until(lambda: len(receiver.bodies) == 3)
    assert [[a["status"] for a in body["alerts"]] for body in receiver.bodies] == [
        ["firing", "firing"],
        ["firing", "resolved"],
        ["resolved"],
    ]


A, B = firing("A").labels, firing("B").labels


@pytest.mark.parametrize(
    ("alerts", "notified", "reason"),
    [
        ([firing("A")], set(), Reason.FIRST),
        ([resolved("A")], set(), None),
        ([firing("A")], {A}, None),
        ([firing("A"), firing("B")], {A}, Reason.NEW_ALERTS),
        ([firing("A"), resolved("B")], {A, B}, Reason.SOME_RESOLVED),
        ([firing("A"), resolved("B")], {A}, None),
        ([resolved("A")], {A}, Reason.ALL_RESOLVED),
    ],
)
def test_why_a_group_is_notified(alerts: list[Alert], notified: set[Labels], reason: Reason | None):
    group = Group((), 0.0, {alert.labels: alert for alert in alerts}, frozenset(notified), 0.0)
    assert group.reason(1.0, repeat_interval_s=60.0) is reason
