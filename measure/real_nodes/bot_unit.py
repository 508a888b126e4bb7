"""The bot's unit on a real systemd: ready, reloaded, watched, stopped, and ended by what cannot be used.

`python -m measure.real_nodes.bot_unit`, as root; a bare Debian with Redis and the bot as `init` sets it up.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from measure.real_nodes.cases import Result
from measure.real_nodes.container import Container
from measure.real_nodes.document import documented
from measure.real_nodes.root import PACKAGES, make_root, missing_programs

BOT = "/opt/neumann-bot/bin/neumann-bot"
CONFIG = "/etc/neumann-bot/neumann-bot.toml"
MAKE_KEYS = f"""\
/opt/neumann-bot/bin/python - <<'END'
from pathlib import Path
from bot.config import load
from bot.nodes.bot_identity import BotIdentity
BotIdentity.of(load(Path("{CONFIG}")).agents).make_missing()
END
"""
SET_UP = f"""set -e
umask 077; echo xoxb-1 >/root/bot-token; echo xapp-1 >/root/app-token
{BOT} init --defaults --cluster demo --nodes 'node1=node1 node2=node2 node3=node3' --channel C0INCIDENT \
  --may-confirm U0ALICE01 --public-url '' --bot-url http://127.0.0.1:8080 \
  --redis-url redis://127.0.0.1:6379/0 --alertmanager '' --prometheus '' \
  --bot-token-file /root/bot-token --app-token-file /root/app-token
{MAKE_KEYS}systemctl start redis-server
cp {CONFIG} /root/as-it-was.toml
"""
ASK = "python3 -c 'import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())'"


def _show(node: Container, *properties: str) -> list[str]:
    said = node.run(f"systemctl show neumann-bot {' '.join(f'-p {each}' for each in properties)}").said
    values = dict(line.split("=", 1) for line in said.strip().split("\n"))
    return [values[each] for each in properties]


def _within(seconds: float, question: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not question() and time.monotonic() < until:
        time.sleep(0.2)
    return question()


def ready(node: Container) -> Result:
    """The start ends once the bot answers, and not before."""
    began = time.monotonic()
    started = node.run("systemctl enable --now /etc/neumann-bot/neumann-bot.service")
    said = node.run(f"{ASK} http://127.0.0.1:8080/version").said.strip()
    kind, state = _show(node, "Type", "ActiveState")
    return Result(
        (started.code, kind, state) == (0, "notify", "active") and "version" in said,
        f"{kind}, {state} after {time.monotonic() - began:.1f} s, {said}",
    )


def reloaded(node: Container) -> Result:
    """A reload takes a new channel over in the same process; what needs a restart is named."""
    (pid,) = _show(node, "MainPID")
    node.run(f"sed -i 's/C0INCIDENT/C0ANOTHER1/; s/^.web.$/[web]\\nmax_body_bytes = 4096/' {CONFIG}")
    node.run("systemctl reload neumann-bot")
    done = _within(20, lambda: "was reloaded" in _show(node, "StatusText")[0])
    after, status, state = _show(node, "MainPID", "StatusText", "ActiveState")
    return Result(
        done and (after, state) == (pid, "active") and "web.max_body_bytes" in status, f"{state}: {status}"
    )


def refused(node: Container) -> Result:
    """A reload of what cannot be used changes nothing, and the status says file, line, key and mend."""
    (pid,) = _show(node, "MainPID")
    node.run(f"sed -i 's/^channel = /chanel = /' {CONFIG}; systemctl reload neumann-bot")
    done = _within(20, lambda: "was not reloaded" in _show(node, "StatusText")[0])
    after, status, state = _show(node, "MainPID", "StatusText", "ActiveState")
    node.run(f"cp /root/as-it-was.toml {CONFIG}")
    return Result(done and (after, state) == (pid, "active") and f"{CONFIG}:" in status, f"{state}: {status}")


def watched(node: Container) -> Result:
    """A bot that stands still is ended and started anew; one that gets on is not."""
    drop_in = "/etc/systemd/system/neumann-bot.service.d"
    node.run(f"mkdir -p {drop_in}; printf '[Service]\\nWatchdogSec=3\\n' >{drop_in}/case.conf")
    node.run("systemctl daemon-reload")
    node.run("systemctl restart neumann-bot; sleep 8")
    (fed, restarts) = _show(node, "MainPID", "NRestarts")
    node.run(f"kill -STOP {fed}")
    anew = _within(
        30, lambda: _show(node, "MainPID", "ActiveState") not in ([fed, "active"], [fed, "deactivating"])
    )
    back = _within(60, lambda: _show(node, "ActiveState") == ["active"])
    (after,) = _show(node, "MainPID")
    node.run(f"rm -r {drop_in}; systemctl daemon-reload")
    return Result(
        anew and back and restarts == "0" and after not in (fed, "0"),
        f"process {fed} while fed, {restarts} restarts; after SIGSTOP process {after}",
    )


def stopped(node: Container) -> Result:
    """A stop is the end of the process itself, with exit code 0."""
    node.run("systemctl restart neumann-bot")
    began = time.monotonic()
    node.run("systemctl stop neumann-bot")
    result, code = _show(node, "Result", "ExecMainStatus")
    return Result(
        (result, code) == ("success", "0"), f"{result}, code {code}, {time.monotonic() - began:.1f} s"
    )


def not_again(node: Container) -> Result:
    """A configuration that cannot be used ends the start, once."""
    node.run(f"sed -i 's/^channel = /chanel = /' {CONFIG}; systemctl start neumann-bot; sleep 6")
    state, code, restarts = _show(node, "ActiveState", "ExecMainStatus", "NRestarts")
    node.run(f"cp /root/as-it-was.toml {CONFIG}; systemctl reset-failed neumann-bot")
    return Result(
        (state, code, restarts) == ("failed", "2", "0"), f"{state}, code {code}, {restarts} restarts"
    )


def by_hand(node: Container) -> Result:
    """Steps 3, 6 and 7 by hand: `check` names each node that is not there, and the shipped unit serves."""
    node.run("systemctl disable --now neumann-bot; mv /etc/neumann-bot /root/by-init")
    failed = [line for line in documented("install -d /etc/neumann-bot").splitlines() if _pasted(node, line)]
    node.run(MAKE_KEYS)
    checked = node.run(documented("neumann-bot agents list").partition("\n")[0]).said
    start = documented("deploy/systemd/neumann-bot.service")
    started = node.run(f"cd /src\n{start}")
    said = node.run(f"{ASK} http://127.0.0.1:8080/version").said.strip()
    (state,) = _show(node, "ActiveState")
    named = all(f"node{number}" in checked for number in (1, 2, 3))
    return Result(
        not failed and named and (started.code, state) == (0, "active") and "version" in said,
        f"not taken: {failed}; check: {checked.splitlines()[:3]}; {state}, {said}; {started.said}",
    )


def _pasted(node: Container, line: str) -> int:
    """Run a command with a secret on its standard input; return its exit code."""
    return node.run(f"cd /src; echo xoxb-1 | {{ {line.partition('   #')[0]}; }}").code


CASES: Mapping[str, Callable[[Container], Result]] = {
    each.__name__: each for each in (ready, reloaded, refused, watched, stopped, not_again, by_hand)
}


def main() -> int:
    """Run the cases; return how many did not come out right."""
    if lacks := missing_programs():
        print("\n".join(lacks), file=sys.stderr)
        return 2
    folder = Path("/var/tmp/neumann-real-bot")
    root = make_root(folder, "bookworm", (*PACKAGES, "redis-server"), "requirements.txt")
    wrong = 0
    with Container(root, folder / "bot1") as node:
        print(node.run(SET_UP).said, flush=True)
        for case in CASES.values():
            right, said = case(node)
            wrong += not right
            if not right and case is ready:
                print(node.run("journalctl -u neumann-bot -o cat --no-pager | tail -60").said)
                return len(CASES)
            print(
                f"| {(case.__doc__ or '').rstrip('.')} | {'right' if right else 'WRONG'} | {said} |",
                flush=True,
            )
        if wrong:
            print(node.run("journalctl -u neumann-bot -o cat --no-pager | tail -60").said)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
