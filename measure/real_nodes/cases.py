"""What is tried on a real node: each case returns what came out, and says whether that is right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from measure.real_nodes.node import AGENT, SETTINGS, Node


class Result(NamedTuple):
    """Whether a case came out as it should, and what came out."""

    right: bool
    said: str


def _ended(node: Node, action: str, state: str, words: str = "") -> Result:
    outcome = node.order(action)
    took = f" ({outcome['took_s']} s)" if "took_s" in outcome else ""
    right = outcome["state"] == state and words in outcome["detail"]
    return Result(right, f"{outcome['state']}{took}: {outcome['detail']}")


def _says(said: str, words: str) -> Result:
    line = next((line for line in said.splitlines() if words in line), None)
    return Result(line is not None, line or said)


def ready(node: Node) -> Result:
    """The check in the unit, as its own user in its own sandbox, finds nothing missing."""
    said = node.root("journalctl -u neumann-agent -o cat --no-pager").said
    return _says(said, "Ready to serve.")


def no_rule(node: Node) -> Result:
    """Without the polkit rule the check says so, though the folder of the rules is closed to it."""
    node.root("mv /etc/polkit-1/rules.d/50-neumann-agent.rules /root/; sleep 1")
    without = node.agent_user(f"{AGENT} check").said.strip()
    node.root("mv /root/50-neumann-agent.rules /etc/polkit-1/rules.d/; sleep 1")
    with_it = node.agent_user(f"{AGENT} check").said.strip()
    return Result("polkit rule" in without and "polkit rule" not in with_it, without.splitlines()[0])


def started(node: Node) -> Result:
    """A stopped service is started."""
    node.neumann()
    return _ended(node, "start_service", "done")


def killed(node: Node) -> Result:
    """A process that was killed is started."""
    node.neumann()
    node.root("systemctl start neumann; systemctl kill -s KILL neumann; sleep 0.5")
    return _ended(node, "start_service", "done", "had failed")


def restarted(node: Node) -> Result:
    """A running service is restarted into another process."""
    node.neumann()
    node.root("systemctl start neumann; sleep 1")
    return _ended(node, "restart_service", "done")


def broken_file(node: Node) -> Result:
    """A service that dies of its file 300 ms after its start is not done."""
    node.neumann()
    node.root("echo 'no [ toml' >> /etc/neumann/config.toml")
    return _ended(node, "start_service", "not_done", "has failed")


def start_limit(node: Node) -> Result:
    """A unit at its start limit is started, since its crashes are forgotten first."""
    node.neumann(
        "Restart=always", "RestartSec=100ms", "[Unit]", "StartLimitIntervalSec=600", "StartLimitBurst=3"
    )
    node.root("echo 'no [ toml' >> /etc/neumann/config.toml; systemctl start neumann; sleep 4")
    node.root("cp /root/config.toml /etc/neumann/config.toml")
    at_limit = node.root("systemctl start neumann")
    result = _ended(node, "start_service", "done")
    return Result(result.right and at_limit.code != 0, f"root's own start: {at_limit.code}; {result.said}")


def masked(node: Node) -> Result:
    """A masked unit is refused, and read as masked."""
    node.neumann()
    node.root("mv /etc/systemd/system/neumann.service /root/; systemctl mask neumann")
    result = _ended(node, "start_service", "refused", "is masked")
    node.root(
        "systemctl unmask neumann; mv /root/neumann.service /etc/systemd/system/; systemctl daemon-reload"
    )
    return result


def slow_stop(node: Node) -> Result:
    """A service that takes 40 s to stop is waited for."""
    node.neumann("ExecStop=/bin/sleep 40")
    node.root("systemctl start neumann; sleep 1")
    return _ended(node, "restart_service", "done")


def stopped_agent(node: Node) -> Result:
    """An agent that systemd stops in mid-action sees the action to its end."""
    node.neumann("ExecStop=/bin/sleep 8")
    node.root("systemctl start neumann; sleep 1")
    stops = "until systemctl is-active neumann | grep -q deactivating; do sleep 0.1; done"
    stopper = threading.Thread(target=lambda: node.root(f"{stops}; systemctl restart neumann-agent"))
    stopper.start()
    result = _ended(node, "restart_service", "done")
    stopper.join()
    return result


def key_change(node: Node) -> Result:
    """Keys are changed beside the agent that serves, and the bot goes on where it was."""
    said = node.pair(beside=True)
    node.root("systemctl reload neumann-agent; sleep 1")
    address = 'agent_url = "https://127.0.0.1:7880"' in node.bot_config.read_text()
    answers = node.order("clock")["missing"] is None
    return Result("Paired:" in said and address and answers, said.strip().splitlines()[-1])


def clock_read(node: Node) -> Result:
    """A clock that follows a source is read, and the bot's look at it agrees."""
    node.root("chronyc waitsync 30 0 0 1")
    seen = node.order("clock")
    right = bool(seen["chrony"] and seen["chrony"]["synchronised"] and seen["believed"])
    look = seen["bot"] or {}
    return Result(right, f"chrony {seen['chrony']}; the bot sees {look}")


def no_source(node: Node) -> Result:
    """chronyd without a source is said, and the clock not believed."""
    node.root("systemctl stop true-time; systemctl restart chrony; sleep 2")
    said = node.agent_user(f"{AGENT} check").said.strip()
    node.root("systemctl start true-time; systemctl restart chrony; chronyc waitsync 30 0 0 1")
    return _says(said, "follows no source")


def no_command_port(node: Node) -> Result:
    """`cmdport 0` is named in one sentence."""
    node.root("echo 'cmdport 0' >> /etc/chrony/chrony.conf; systemctl restart chrony; sleep 2")
    said = node.agent_user(f"{AGENT} check").said.strip()
    node.root(
        "sed -i '/cmdport/d' /etc/chrony/chrony.conf; systemctl restart chrony; chronyc waitsync 30 0 0 1"
    )
    return _says(said, "`cmdport 0`")


def hanging_check(node: Node) -> Result:
    """A check that hangs does not keep the agent down."""
    unit = "/etc/systemd/system/neumann-agent.service"
    node.root(f"sed -i 's#timeout 20 .*#timeout 2 /bin/sleep 1000#' {unit}; systemctl daemon-reload")
    began = time.monotonic()
    said = node.root("systemctl restart neumann-agent; systemctl is-active neumann-agent").said.strip()
    took_s = time.monotonic() - began
    node.root(f"install -m 0644 /src/deploy/systemd/neumann-agent.service {unit}; systemctl daemon-reload")
    return Result(said == "active", f"{said} after {took_s:.0f} s")


def watchdog(node: Node) -> Result:
    """An agent whose process stands still is ended and started anew."""
    drop_in = "/etc/systemd/system/neumann-agent.service.d"
    node.root(f"mkdir -p {drop_in}; printf '[Service]\nWatchdogSec=3\n' > {drop_in}/case.conf")
    node.root("systemctl daemon-reload; systemctl restart neumann-agent; sleep 5")
    pid = "systemctl show neumann-agent --property=MainPID --value"
    fed = node.root(pid).said
    still = node.root(f"{pid}; kill -STOP $({pid}); sleep 10; systemctl is-active neumann-agent; {pid}").said
    node.root(f"rm -r {drop_in}; systemctl daemon-reload; systemctl restart neumann-agent")
    first, state, second = still.split()
    right = fed.strip() == first != second and state == "active"
    return Result(right, f"process {first} while fed, {state} as process {second} after SIGSTOP")


def priorities(node: Node) -> Result:
    """What keeps the agent from serving is an error of the journal."""
    node.root(f"cp -p {SETTINGS} /root/kept; echo 'no [ toml' >> {SETTINGS}; systemctl restart neumann-agent")
    said = node.root(
        "sleep 1; journalctl -u neumann-agent -p err -o cat --no-pager | grep toml | tail -1"
    ).said.strip()
    node.root(f"cp -p /root/kept {SETTINGS}; systemctl reset-failed; systemctl restart neumann-agent")
    return Result(SETTINGS in said, said)


def job_mode(node: Node) -> Result:
    """With `--job-mode=flush` the agent's user cancels a start under way, and stops nothing that runs."""
    slow = "systemd-run -q --no-block --unit=slow -p Type=oneshot sleep 60; sleep 0.5; systemctl list-jobs"
    jobs = node.root(f"{slow} | grep -c slow").said.strip()
    node.agent_user("systemctl start neumann --job-mode=flush")
    left = node.root("systemctl list-jobs --no-legend | grep -c slow").said.strip()
    runs = node.root("systemctl is-active chrony neumann neumann-agent; systemctl stop slow").said.split()
    said = f"jobs of another unit: {jobs} before, {left} after; chrony, neumann, agent: {', '.join(runs)}"
    return Result(runs[:3] == ["active"] * 3, said)


def no_home(node: Node) -> Result:
    """A user that is made for the run has a home, as neumann-bot.service gives it one."""
    ask = "/usr/bin/python3 -c 'from pathlib import Path; print(Path.home())'"
    properties = "-p DynamicUser=yes -p ProtectHome=yes -p PrivateUsers=yes"
    bare = node.root(f"systemd-run -q --pipe --wait {properties} {ask}")
    given = node.root(
        f"systemd-run -q --pipe --wait {properties}"
        f" -p $(grep ^Environment=HOME /src/deploy/systemd/neumann-bot.service) {ask}"
    )
    return Result(bare.code != 0 and given.code == 0, f"without: {bare.code}, with: {given.said.strip()}")


CASES: Mapping[str, Callable[[Node], Result]] = {
    each.__name__: each
    for each in (
        ready, no_rule, started, killed, restarted, broken_file, start_limit, masked, slow_stop,
        stopped_agent, clock_read, no_source, no_command_port, key_change, hanging_check, watchdog,
        priorities, job_mode, no_home,
    )
}  # fmt: skip
