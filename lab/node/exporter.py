"""The documented port 9090: Prometheus metrics in each shape Neumann has been seen in, and /health.

The lab's `neumann` command asks here too, at a path of the lab's own: Neumann documents none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from lab.layout import Address
from lab.node.gossip import Membership
from lab.node.raft import ROLES, Role
from lab.node.settings import MetricsShape

PREFIX = "tensor_chain_"
MEMORY_LIMIT_BYTES = 1 << 30
TRANSFER_PATH = "/lab/transfer-leadership/"


@dataclass(frozen=True)
class NodeStatus:
    """What a node knows of itself at one moment."""

    role: Role
    term: int
    commit_index: int
    applied_index: int
    elections_total: int
    append_entries_total: int
    entries: int
    memory_bytes: int
    disk_bytes: int
    wal_size_bytes: int
    membership: Membership
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    disk_free_bytes: int = 0
    cpu_seconds_total: float = 0.0
    transactions_active: int = 0
    deadlocks_total: int = 0
    deadlock_victims_total: int = 0


class NodeCollector(Collector):
    """Turns a status into metric families, in the shape asked for."""

    def __init__(self, status: Callable[[], NodeStatus], shape: MetricsShape) -> None:
        self._status = status
        self._shape = shape

    def collect(self) -> Iterator[Metric]:
        """Yield every family, read at one moment."""
        status = self._status()
        yield _role_family(status.role, self._shape)
        gauges = {
            "term": status.term,
            "commit_index": status.commit_index,
            "applied_index": status.applied_index,
            "gossip_members": status.membership.members,
            "gossip_healthy": status.membership.healthy,
            "gossip_suspect": status.membership.suspect,
            "gossip_failed": status.membership.failed,
            "tx_active": status.transactions_active,
            "entries_total": status.entries,
            "memory_bytes": status.memory_bytes,
            "memory_limit_bytes": status.memory_limit_bytes,
            "disk_free_bytes": status.disk_free_bytes,
            "disk_bytes": status.disk_bytes,
            "wal_size_bytes": status.wal_size_bytes,
        }
        for name, value in gauges.items():
            yield GaugeMetricFamily(PREFIX + name, f"{name} of this node.", value)
        counters = {
            "elections": ("Elections this node started.", status.elections_total),
            "append_entries": ("AppendEntries this node sent.", status.append_entries_total),
            "cpu_seconds": ("CPU time of this process.", status.cpu_seconds_total),
            "deadlocks": ("Deadlocks that were found.", status.deadlocks_total),
            "deadlock_victims": ("Transactions that were aborted for one.", status.deadlock_victims_total),
        }
        for name, (text, count) in counters.items():
            yield CounterMetricFamily(PREFIX + name, text, count)


def _role_family(role: Role, shape: MetricsShape) -> Metric:
    name, text = f"{PREFIX}raft_state", "Raft state of this node."
    if shape == "number":
        return GaugeMetricFamily(name, text, ROLES.index(role))
    label = "raft_state" if shape == "raft_state_label" else "state"
    family = GaugeMetricFamily(name, text, labels=[label])
    for each in ROLES:
        if each == role or shape != "active_only":
            family.add_metric([each], float(each == role))
    return family


class Exporter:
    """Serves /metrics and /health from a thread of its own.

    Args:
        address: Where to listen.
        status: Reads the node.
        shape: How the role is told.
        transfer: Hands the leadership on to a node; returns why not.

    Raises:
        OSError: If the address is taken.
    """

    def __init__(
        self,
        address: Address,
        status: Callable[[], NodeStatus],
        shape: MetricsShape,
        transfer: Callable[[str], str | None] = lambda _to: "not leader",
    ) -> None:
        registry = CollectorRegistry()
        registry.register(NodeCollector(status, shape))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry))
                elif self.path == "/health":
                    self._answer("application/json", json.dumps(health(status())).encode())
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                if not self.path.startswith(TRANSFER_PATH):
                    self.send_error(404)
                    return
                refusal = transfer(self.path.removeprefix(TRANSFER_PATH))
                self._answer("application/json", json.dumps({"error": refusal}).encode())

            def log_message(self, *_: object) -> None:
                pass  # scrapes are no news

            def _answer(self, content_type: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(address, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="exporter")

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and wait for the thread."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def health(status: NodeStatus) -> dict[str, str | int]:
    """Return the body that Neumann documents for GET /health."""
    return {
        "status": "healthy",
        "raft_state": status.role,
        "term": status.term,
        "commit_index": status.commit_index,
        "members": status.membership.members,
        "healthy_members": status.membership.healthy,
    }
