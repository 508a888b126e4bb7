"""Names of spans and attributes: OpenTelemetry's semantic conventions, and the bot's own beside them."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_ROUTE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS
from opentelemetry.semconv.attributes.url_attributes import URL_PATH
from opentelemetry.util.types import AttributeValue
from yarl import URL

from handlers.domain.events import Event
from handlers.domain.events.lifecycle import AlertsReceived
from handlers.domain.incident import Incident
from handlers.ports import Order

CLUSTER, INCIDENT = "neumann.cluster", "neumann.incident.id"
ALERTS, NODE, EVENTS = "neumann.alert.names", "neumann.node", "neumann.timeline.events"
ACTION_TYPE, ACTION_STATE = "neumann.action.type", "neumann.action.state"

MAX_ALERTS = 10
SLACK_METHODS = "/api/"
Named = tuple[str, dict[str, AttributeValue]]


def request(route: str | None) -> Named:
    """Return name and attributes of a request that came in; without a route, over Socket Mode."""
    if route is None:
        return "Socket Mode", {}
    return f"POST {route}", {HTTP_REQUEST_METHOD: "POST", HTTP_ROUTE: route}


def message(operation: str, operation_type: str, queue: str) -> Named:
    """Return name and attributes of what is done with an entry of a stream or due queue in Redis.

    The conventions for messaging are still in development, so the package keeps their names to itself.
    """
    return f"{operation} {queue.rpartition(':')[2]}", {
        "messaging.system": "redis",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation_type,
        "messaging.destination.name": queue,
    }


def call(method: str, url: URL) -> Named:
    """Return name and attributes of a call; of Slack's methods alone the path may be told to others."""
    attributes: dict[str, AttributeValue] = {HTTP_REQUEST_METHOD: method, SERVER_ADDRESS: url.host or ""}
    if not url.path.startswith(SLACK_METHODS):
        return method, attributes
    return f"{method} {url.path}", {**attributes, URL_PATH: url.path}


def order(verb: str, given: Order) -> Named:
    """Return name and attributes of what an agent is asked."""
    return f"{verb} {given.action.type}", {
        CLUSTER: given.cluster,
        INCIDENT: given.incident,
        NODE: given.action.node,
        ACTION_TYPE: given.action.type,
    }


def append(incident: Incident, events: Sequence[Event]) -> Named:
    """Return name and attributes of what is written into a timeline."""
    kinds = [event.kind for event in events]
    received = [event for event in events if isinstance(event, AlertsReceived)]
    cluster = incident.cluster or next((event.cluster for event in received), "")
    attributes: dict[str, AttributeValue] = {INCIDENT: incident.id, CLUSTER: cluster, EVENTS: kinds}
    if received:
        names = sorted({alert.name for event in received for alert in event.alerts})
        attributes[ALERTS] = names[:MAX_ALERTS]
    return f"append {kinds[0]}", attributes
