"""Prometheus and Alertmanager: do the rules stand on series that exist, and do alerts find their way?"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection

from bot.alerting.alertmanager import AlertmanagerClient
from bot.alerting.prometheus import LoadedRule, PrometheusClient
from bot.config import Cluster, Settings
from handlers.errors import ConfigurationError, SourceDown
from handlers.ports.doctor import Examined
from runbooks.all_runbooks import known_alerts
from runbooks.wording import listed

METRIC = re.compile(r"\btensor_chain_\w+")
_SELECTOR = METRIC.pattern + r"(?:\{[^}]*\})?"
ALTERNATIVES = re.compile(rf"{_SELECTOR}(?:\s+or\s+{_SELECTOR})*")
"""Series of which one is enough, as where Neumann's pages call one figure by two names."""

LEADER_RULE = "NoLeader"
SHIPPED = "take the rules of deploy/prometheus/neumann.rules.yml"


async def prometheus_findings(
    client: PrometheusClient | ConfigurationError | None, settings: Settings
) -> AsyncIterator[Examined]:
    """Yield what Prometheus scrapes and evaluates."""
    if client is None:
        why = "[prometheus] is not configured; it lets the bot see what fires and what fired"
        yield Examined("Prometheus", "rules and targets", not_asked=why)
        return
    if isinstance(client, ConfigurationError):
        yield Examined("Prometheus", "rules and targets", not_asked=str(client))
        return
    try:
        rules = {rule.name: rule for rule in await client.rules()}
        for name in sorted(known_alerts()):
            yield _rule(name, rules.get(name))
        for cluster in settings.clusters:
            yield await _targets(client, cluster)
            async for finding in _series(client, cluster, rules.values()):
                yield finding
        if rule := rules.get(LEADER_RULE):
            yield await _without_series(client, rule, settings.clusters)
        sends_to = await client.alertmanagers()
        none = "sends its alerts to no Alertmanager: name it under `alerting` in prometheus.yml"
        yield Examined("Prometheus", f"sends alerts to {sends_to}", None if sends_to else none)
    except SourceDown as error:
        yield Examined("Prometheus", "", str(error))


def _rule(name: str, rule: LoadedRule | None) -> Examined:
    if rule is None:
        return Examined("Rules", name, f"{name} is not loaded: {SHIPPED}")
    if rule.health == "err":
        return Examined("Rules", name, f"{name} cannot be evaluated: {rule.error}")
    return Examined("Rules", f"{name} is loaded")


async def _targets(client: PrometheusClient, cluster: Cluster) -> Examined:
    """Return whether each configured node is scraped under the labels that rules and bot go by."""
    series = await client.labels(f'up{{job="neumann",cluster="{cluster.name}"}}')
    scraped = {labels.get("node", "") for labels in series}
    expected = {node.name for node in cluster.nodes}
    if missing := sorted(expected - scraped):
        wrong = (
            f'no target has job="neumann", cluster="{cluster.name}" and node="{missing[0]}"'
            f" ({len(missing)} of {len(expected)} nodes lack one): set the labels as in"
            " deploy/prometheus/prometheus.yml"
        )
        return Examined("Scraping", cluster.name, wrong)
    if extra := sorted(scraped - expected):
        wrong = (
            f"{listed(extra, 3)} is scraped and is not a node of {cluster.name} in the bot's configuration"
        )
        return Examined("Scraping", cluster.name, wrong)
    return Examined("Scraping", f"all {len(expected)} nodes of {cluster.name} are targets")


async def _series(
    client: PrometheusClient, cluster: Cluster, rules: Collection[LoadedRule]
) -> AsyncIterator[Examined]:
    """Yield whether each metric that a rule of the runbooks names is there, with the cluster's label."""
    mine = [rule for rule in rules if rule.name in known_alerts()]
    named = {found for rule in mine for found in ALTERNATIVES.findall(rule.query)}
    for metrics in sorted({tuple(dict.fromkeys(METRIC.findall(each))) for each in named}):
        either = " or ".join(f'{metric}{{cluster="{cluster.name}"}}' for metric in metrics)
        said = " or ".join(metrics)
        wrong = f'{said} has no series with cluster="{cluster.name}": rules on it never fire'
        yield Examined("Series", f"{said} of {cluster.name}", None if await client.labels(either) else wrong)


async def _without_series(
    client: PrometheusClient, rule: LoadedRule, clusters: Collection[Cluster]
) -> Examined:
    """Return whether the rule would fire if all its series were gone, by asking it about others."""
    fires_for = {
        labels.get("cluster", "") for labels in await client.labels(METRIC.sub("no_such_metric", rule.query))
    }
    silent = [cluster.name for cluster in clusters if cluster.name not in fires_for]
    if silent:
        wrong = f"{rule.name} stays silent for {listed(silent, 3)} when every node is gone: {SHIPPED}"
        return Examined("Rules", rule.name, wrong)
    return Examined("Rules", f"{rule.name} fires when every node is gone")


async def alertmanager_findings(
    client: AlertmanagerClient | ConfigurationError | None, settings: Settings
) -> AsyncIterator[Examined]:
    """Yield whether Alertmanager answers and has the bot's receiver."""
    if client is None or settings.alertmanager is None:
        why = "[alertmanager] is not configured; it lets the bot find what got lost"
        yield Examined("Alertmanager", "receiver", not_asked=why)
        return
    if isinstance(client, ConfigurationError):
        yield Examined("Alertmanager", "receiver", not_asked=str(client))
        return
    name = settings.alertmanager.receiver
    try:
        receivers = await client.receivers()
    except SourceDown as error:
        yield Examined("Alertmanager", "", str(error))
        return
    wrong = (
        f"it has no receiver {name}; there are {listed(sorted(receivers), 5)}: see [alertmanager] receiver"
    )
    yield Examined("Alertmanager", f"has the receiver {name}", None if name in receivers else wrong)
