"""Writes a node's folder: Neumann's config.toml, the lab's part, the agent's config, and the commands."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

from lab.cluster import fake_commands
from lab.cluster.pki import AgentCredentials
from lab.layout import RAFT_PORT, Layout, LinkAddresses, NodeAddresses
from lab.node.clock import write_offset_ms
from lab.node.settings import CONFIG_FILE, DATA_FOLDER, LAB_FILE, LOG_FILE, MetricsShape
from lab.node.tracing import LogFormat

AGENT_FILE = "agent.toml"
COMMANDS = ("chronyc", "timedatectl", "systemctl", "neumann", "ping")

CONFIG = Template("""\
# Neumann, cluster "$cluster": node $name.
# Keep [cluster] and [raft] alike on all nodes, and restart one node at a time.

[node]
id = "$name"
data_dir = "$folder/$data"
bind_address = "$raft"

[cluster]
peers = [$peers]

[raft]
# The documented defaults are 150 and 300.
election_timeout_min_ms = $election_timeout_min_ms
election_timeout_max_ms = $election_timeout_max_ms
heartbeat_interval_ms = 50

[gossip]
bind_address = "$gossip"
ping_interval_ms = 200
suspect_timeout_ms = 3000

[metrics]
enabled = true
bind_address = "$metrics"  # also answers /health
""")

LAB = Template("""\
# What only the lab knows of $name: the real ends of its links, and how it presents itself.
id = "$id"
skew_limit_ms = $skew_limit_ms
metrics_shape = "$metrics_shape"
log_format = "$log_format"
control = "$control"
""")

LAB_LINK = Template("""
[links.$peer]
target = "$target"
raft = "$raft"
gossip = "$gossip"
ping = "$ping"
ping_host = "$ping_host"
""")

AGENT = Template("""\
cluster = "$cluster"
node = "$name"
listen = "$agent"
state_dir = "$folder/agent"
config_file = "$folder/$config"
log_files = ["$folder/$log"]
data_dir = "$folder/$data"
metrics_url = "http://$metrics"
service = "neumann"

[tls]
certificate = "$certificate"
key = "$key"
authority = "$authority"

[grants]
verify_keys = ["$verify_key"]

[commands]
chronyc = "$folder/bin/chronyc"
timedatectl = "$folder/bin/timedatectl"
systemctl = "$folder/bin/systemctl"
ping = "$folder/bin/ping"
neumann = "$folder/bin/neumann"

[limits]
same_action_interval_s = 1
stays_up_s = 0.3
""")

AGENT_PEER = Template("""
[[peers]]
node = "$peer"
raft = "$raft"
gossip = "$gossip"
ping = "$ping_host"
""")


@dataclass(frozen=True)
class Presentation:
    """How a lab's nodes present themselves, alike on every node."""

    cluster: str
    metrics_shape: MetricsShape
    log_format: LogFormat
    skew_limit_ms: int
    control: Path
    election_timeouts_ms: tuple[int, int] = (150, 300)


def write_node_folder(folder: Path, node: NodeAddresses, layout: Layout, look: Presentation) -> None:
    """Write what the node process and the commands read."""
    (folder / DATA_FOLDER).mkdir(parents=True, exist_ok=True)
    links = _links(node, layout)
    (folder / CONFIG_FILE).write_text(
        CONFIG.substitute(
            cluster=look.cluster,
            name=node.name,
            folder=folder,
            data=DATA_FOLDER,
            raft=node.raft,
            gossip=node.gossip,
            metrics=node.metrics,
            election_timeout_min_ms=look.election_timeouts_ms[0],
            election_timeout_max_ms=look.election_timeouts_ms[1],
            peers=", ".join(f'"{_id(link.peer)}"' for link in links),
        )
    )
    own = LAB.substitute(vars(look), name=node.name, id=_id(node.name))
    targets = (LAB_LINK.substitute(vars(link), target=layout.node(link.peer).raft) for link in links)
    (folder / LAB_FILE).write_text(own + "".join(targets))
    write_offset_ms(folder, 0.0)
    _write_commands(folder)


def write_agent_file(
    folder: Path,
    node: NodeAddresses,
    layout: Layout,
    *,
    cluster: str,
    credentials: AgentCredentials,
    key: str,
) -> Path:
    """Write the agent's configuration; `key` is the base64 public key that signs grants."""
    (folder / "agent").mkdir(exist_ok=True, mode=0o700)
    text = AGENT.substitute(
        vars(credentials) | {"verify_key": key, "cluster": cluster, "name": node.name, "agent": node.agent},
        metrics=node.metrics,
        folder=folder,
        data=DATA_FOLDER,
        config=CONFIG_FILE,
        log=LOG_FILE,
    )
    path = folder / AGENT_FILE
    peers = (AGENT_PEER.substitute(vars(link)) for link in _links(node, layout))
    path.write_text(text + "".join(peers))
    return path


def _write_commands(folder: Path) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    for name in COMMANDS:
        script = folder / "bin" / name
        # Isolated and without site-packages, the interpreter starts in some 20 ms.
        program = f"'{sys.executable}' -I -S '{fake_commands.__file__}'"
        script.write_text(f"#!/bin/sh\nexec {program} {name} '{folder}' \"$@\"\n")
        script.chmod(0o755)


def _links(node: NodeAddresses, layout: Layout) -> list[LinkAddresses]:
    return [link for (observer, _), link in layout.links.items() if observer == node.name]


def _id(name: str) -> str:
    return f"{name}:{RAFT_PORT}"
