"""Cases of a clock that chrony does not keep, and of a Neumann that logs to the journal alone."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from measure.real_nodes.cases import Result
from measure.real_nodes.node import AGENT, SETTINGS, Node

LOG = "/var/log/neumann/tensor_chain.log"
DROP_IN = "/etc/systemd/system/neumann-agent.service.d"
SPEAK = "/opt/neumann/speak.sh"
ELECTION = (
    "printf '\\033[2m2026-03-02T10:15:04Z\\033[0m \\033[32m INFO\\033[0m tensor_chain::raft: Starting"
    " election new_term=43\\n'\n"
)
"""A line with colours, as Neumann's tracing writes it to a terminal and to everything else."""


def readings(node: Node) -> dict[str, Any]:
    """Return what the bot reads of the node's clock and log."""
    program = (sys.executable, "-m", "measure.real_nodes.readings", str(node.bot_config))
    ran = node.container.from_outside(program)
    if ran.code:
        raise RuntimeError(ran.said)
    read: dict[str, Any] = json.loads(ran.said.splitlines()[-1])
    return read


def _instead_of_chrony(node: Node, unit: str, *, within_s: float = 60) -> Result:
    """Run another service in chrony's place, and read the clock until it is synchronised."""
    node.root(f"systemctl stop chrony; systemctl start true-time-123; sleep 1; systemctl start {unit}")
    until = time.monotonic() + within_s
    while not ((clock := readings(node)["clock"])["value"] or {}).get("synchronised"):
        if time.monotonic() > until:
            break
        time.sleep(1)
    said = node.agent_user(f"{AGENT} check").said.strip()
    node.root(f"systemctl stop {unit} true-time-123; systemctl start chrony; chronyc waitsync 30 0 0 1")
    value = clock["value"] or {}
    right = (
        bool(value.get("synchronised")) and abs(value["offset_ms"]) < 100 and "takes no order to step" in said
    )
    return Result(right, f"{value or clock['missing']}; check: {said}")


def timesyncd(node: Node) -> Result:
    """timesyncd in chrony's place is read, and check says that it takes no order to step."""
    return _instead_of_chrony(node, "systemd-timesyncd")


def ntpd(node: Node) -> Result:
    """ntpd in chrony's place is read, and check says that it takes no order to step."""
    return _instead_of_chrony(node, "ntpsec")


def no_time_service(node: Node) -> Result:
    """Without any time service that is said, none is started by the question, and the bot's look remains."""
    node.root("systemctl stop chrony")
    said = node.agent_user(f"{AGENT} check").said.strip()
    read = readings(node)
    started = node.root("systemctl is-active systemd-timesyncd ntpsec").said.split()
    node.root("systemctl start chrony; chronyc waitsync 30 0 0 1")
    right = "No NTP service is active" in said and started == ["inactive"] * 2 and read["look"]["value"]
    return Result(bool(right), f"{said}; the bot sees {read['look']['value']}")


def journal_alone(node: Node) -> Result:
    """A log in the journal alone is named with its mend; with the right it is read, colours and all."""
    node.container.write(SPEAK, ELECTION)
    node.neumann(f"ExecStartPost=/bin/sh {SPEAK}")
    node.root(f"mv {LOG} /root/; systemctl start neumann")
    refused, said = readings(node)["log"], node.agent_user(f"{AGENT} check").said.strip()
    grant = "[Service]\\nSupplementaryGroups=systemd-journal\\n"
    node.root(f"mkdir -p {DROP_IN}; printf '{grant}' > {DROP_IN}/journal.conf")
    node.root("systemctl daemon-reload; systemctl restart neumann-agent")
    log = readings(node)["log"]
    checked = node.root("journalctl -u neumann-agent -o cat --no-pager -n 5").said
    node.root(f"rm -r {DROP_IN}; mv /root/tensor_chain.log {LOG}")
    node.root("systemctl daemon-reload; systemctl restart neumann-agent")
    value = log["value"] or {"counts": {}}
    right = (
        (refused["kind"], value.get("path")) == ("not_permitted", "journal:neumann.service")
        and "SupplementaryGroups=systemd-journal" in said
        and (value["counts"].get("election_started"), value["highest_term"]) == (1, 43)
        and "Ready to serve." in checked
    )
    return Result(right, f"{said}; then {value.get('path')}: {value['counts']} {log['missing'] or ''}")


def no_group(node: Node) -> Result:
    """A unit whose group is not there is named by check, since it does not start."""
    unit = "/etc/systemd/system/neumann-agent.service"
    node.root(f"sed -i 's/^Group=.*/Group=neumanns/' {unit}; systemctl daemon-reload")
    failed = node.root(
        "systemctl restart neumann-agent; systemctl show neumann-agent --property=ExecMainStatus"
    ).said
    said = node.agent_user(f"{AGENT} check --config {SETTINGS}").said.strip()
    node.root(f"install -m 0644 /src/deploy/systemd/neumann-agent.service {unit}; systemctl daemon-reload")
    node.root("systemctl reset-failed neumann-agent; systemctl restart neumann-agent")
    return Result("There is no group neumanns" in said, f"{said}; systemd: {failed.strip().splitlines()[-1]}")


CASES: Mapping[str, Callable[[Node], Result]] = {
    each.__name__: each for each in (timesyncd, ntpd, no_time_service, journal_alone, no_group)
}
