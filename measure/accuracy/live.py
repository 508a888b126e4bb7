"""Measure the diagnosis on real processes: `python -m measure.accuracy.live [--only NAME] [--network KIND]`.

Each scenario gets a lab of its own. What is judged is what a user runs: `neumann-bot diagnose --json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

from bot.cli.diagnose import EXIT_LED, EXIT_NO_LEADER
from lab.bot_files import write_bot_files
from lab.cluster.cluster import Lab, NetworkKind
from lab.cluster.disks import why_no_disks
from lab.cluster.namespaces import why_no_namespaces
from lab.layout import Address
from lab.live import LIVE, LiveScenario
from lab.node.settings import MetricsShape
from lab.scenarios import Scenario
from measure.accuracy.baselines import page
from measure.accuracy.outcome import Outcome, judge, row, table
from measure.accuracy.scoring import mark

HEALED_WITHIN_S = 30.0
NO_SLACK = {"bot_token": "xoxb-none", "signing_secret": "none", "api_url": "http://127.0.0.1:1/api/"}


async def play(
    scenario: LiveScenario,
    folder: Path,
    *,
    shape: MetricsShape = "state_label",
    network: NetworkKind = "proxies",
) -> Outcome:
    """Start a lab, make the fault, read it as a user would, and undo it."""
    async with Lab(
        folder / "lab",
        node_count=scenario.node_count,
        metrics_shape=shape,
        disk_mib=scenario.disk_mib,
        network=network,
    ) as lab:
        with ExitStack() as sockets:
            config = await _configure(scenario, lab, folder / "bot", sockets)
            await scenario.inject(lab)
            scenario = scenario.played_in(lab)
            await asyncio.sleep(scenario.settle_s)
            before, started = await lab.claims(), time.monotonic()
            said = await _diagnose(config, folder / "evidence.json")
            reading_s, after = time.monotonic() - started, await lab.claims()
        await scenario.heal(lab)
        healed_s = await _until_led(lab)
    evidence = json.loads((folder / "evidence.json").read_text())
    one_hot = shape in ("state_label", "raft_state_label")
    told = Scenario(scenario.name, scenario.family, evidence, scenario.truth, "", one_hot=one_hot)
    return Outcome(
        scenario, said, judge(told, said), mark(told, page(told)), (before, after), reading_s, healed_s
    )


def playable(scenarios: Sequence[LiveScenario], network: NetworkKind) -> list[LiveScenario]:
    """Return the scenarios that can be played here; stderr is told why the others cannot."""
    no_disks = why_no_disks()
    left_out = {
        f"They take what {network} cannot do.": [s for s in scenarios if network not in s.networks],
        no_disks: [s for s in scenarios if network in s.networks and s.disk_mib and no_disks],
    }
    for why, chosen in left_out.items():
        if chosen:
            print(f"Not played: {', '.join(s.name for s in chosen)}. {why}", file=sys.stderr)
    return [s for s in scenarios if not any(s in chosen for chosen in left_out.values())]


async def measure(
    scenarios: Sequence[LiveScenario], shape: MetricsShape, network: NetworkKind, keep: Path | None
) -> list[Outcome]:
    """Play one scenario after the other, and say on stderr how it went."""
    outcomes = []
    for scenario in scenarios:
        with ExitStack() as stack:
            folder = keep / scenario.name if keep else None
            folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            outcomes.append(await play(scenario, folder, shape=shape, network=network))
        print(row(outcomes[-1]), file=sys.stderr, flush=True)
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print; `--gate` gives exit code 1 on a wrong confident claim or a wrong button."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [scenario.name for scenario in LIVE]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--shape", choices=get_args(MetricsShape), default="state_label")
    parser.add_argument("--network", choices=get_args(NetworkKind), default="proxies")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep each lab's files and evidence")
    parser.add_argument("--gate", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [scenario for scenario in LIVE if not options.only or scenario.name in options.only]
    if options.network == "namespaces" and (why := why_no_namespaces()):
        parser.error(f"--network namespaces cannot be had here. {why}")
    chosen = playable(chosen, options.network)
    outcomes = asyncio.run(measure(chosen, options.shape, options.network, options.keep))
    print(f"Links are {options.network}.\n{table(outcomes)}")
    if options.json:
        listed = [outcome.as_json() for outcome in outcomes]
        document = {"shape": options.shape, "network": options.network, "scenarios": listed}
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return int(options.gate and not all(outcome.passes for outcome in outcomes))


async def _configure(scenario: LiveScenario, lab: Lab, folder: Path, sockets: ExitStack) -> Path:
    config, _ = write_bot_files(
        folder,
        lab,
        listen=Address("127.0.0.1", 1),
        redis_url="redis://127.0.0.1:1/0",
        slack=NO_SLACK,
        channel="C0LIVE",
        confirm_groups=[],
    )
    if scenario.sight != "clear":
        # Accepted by the kernel and answered by nobody: to a deadline, the same as packets that are dropped.
        silent = sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        leader, text = await lab.leader(), config.read_text()
        for node in lab.nodes:
            if scenario.sight == "all_unseen" or node.name == leader:
                text = text.replace(node.metrics_url, f"http://127.0.0.1:{silent.getsockname()[1]}")
        config.write_text(text)
    return config


async def _diagnose(config: Path, evidence: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "diagnose", "--config", str(config)),
        *("--json", "--save", str(evidence)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaint = await process.communicate()
    assert process.returncode in (EXIT_LED, EXIT_NO_LEADER), complaint.decode()
    said: dict[str, Any] = json.loads(printed)
    return said


async def _until_led(lab: Lab) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < HEALED_WITHIN_S:
        if await lab.leader():
            return time.monotonic() - started
        await asyncio.sleep(0.1)
    return None


if __name__ == "__main__":
    sys.exit(main())
