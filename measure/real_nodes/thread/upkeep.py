"""What is done to agents while they serve: upgraded, paired again, given new keys, left without a disk."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

import tomlkit

from bot.config import load
from bot.nodes.bot_identity import BotIdentity
from measure.real_nodes.cases import Result
from measure.real_nodes.cluster import HOSTS, NAMES
from measure.real_nodes.order import act
from measure.real_nodes.package import AT, INSTALL, NEWER
from measure.real_nodes.thread.bed import PID, Bed

STATE = "/var/lib/neumann-agent"
AS_AGENT = "runuser -u neumann-agent -- neumann-agent check"
RESTARTED = "systemctl restart neumann-agent; sleep 1; journalctl -u neumann-agent -n 4 -o cat --no-pager"
AGENT_PID = "systemctl show neumann-agent --property=MainPID --value"


async def upgraded(bed: Bed) -> Result:
    """The package of a higher version over a serving agent: same keys, same ledger, another process."""
    before, pids = await bed.acted(), await bed.everywhere(AGENT_PID)
    for name in NAMES:
        bed.nodes[name].put(bed.desk.folder.parent / NEWER, AT)
        await bed.on(name, INSTALL)
    code, said = await _answering(bed)
    versions = await bed.everywhere("dpkg-query -W -f '${Version}' neumann-agent")
    anew = all(pids[name] != pid for name, pid in (await bed.everywhere(AGENT_PID)).items())
    right = code == 0 and anew and await bed.acted() == before and all("+1" in v for v in versions.values())
    return Result(right, f"{versions['node1']} on all; agents list: {said.splitlines()[-1]}")


async def paired_again(bed: Bed) -> Result:
    """A second pairing beside the agent that serves, by the commands that each end prints."""
    said = await pair(bed, "node1")
    await bed.on("node1", "systemctl reload neumann-agent")
    code, listed = await _answering(bed)
    return Result(code == 0, f"{said.splitlines()[0]}; agents list: {listed.splitlines()[-1]}")


async def keys_rotated(bed: Bed) -> Result:
    """New keys for the bot as SECURITY.md has it; the old ones are revoked on each node."""
    old = await bed.on("node1", "neumann-agent keys list")
    steps = [await bed.desk.bot("agents", "rotate")]
    for name in NAMES:
        await pair(bed, name)
        await bed.on(name, "systemctl reload neumann-agent")
    steps.append(await bed.desk.bot("agents", "rotate"))
    _name_former_key(bed.desk.config)
    await bed.desk.restart_bot()
    both = await bed.on("node1", "neumann-agent keys list")
    for print_ in re.findall(
        r"sha256:([0-9a-f]{16})\S*  (?:lets in|grants)", old
    ):  # the second approver's stays
        await bed.everywhere(f"neumann-agent keys revoke {print_}; systemctl reload neumann-agent")
    left = await bed.on("node1", "neumann-agent keys list")
    code, listed = await _answering(bed)
    counts = [len(said.splitlines()) for said in (old, both, left)]
    right = code == 0 and counts == [3, 5, 3] and all(code == 0 for code, _ in steps) and left != old
    return Result(right, f"keys trusted: {counts}; agents list: {listed.splitlines()[-1]}")


def _name_former_key(file: Path) -> None:
    """Have the timelines that were signed with the key of before go on being believed."""
    former = BotIdentity.of(load(file).agents).former_grant_key
    config = tomlkit.parse(file.read_text())
    config["agents"]["other_grant_keys"] = [{"file": str(former)}]
    file.write_text(tomlkit.dumps(config))


async def disk_full(bed: Bed) -> Result:
    """An agent whose ledger has no room begins nothing, and says so; with room again it goes on."""
    lead = await bed.well()
    other = next(name for name in NAMES if name != lead)
    small = (
        f"systemctl stop neumann-agent; cp -a {STATE} /root/state; mount -t tmpfs -o size=256k tmpfs {STATE};"
        f" cp -a /root/state/. {STATE}/; chown neumann-agent:neumann {STATE}; chmod 700 {STATE};"
        f" systemctl start neumann-agent; dd if=/dev/zero of={STATE}/filler bs=1k; df {STATE} | tail -1"
    )
    await bed.stop(lead, other, how=small)
    await bed.stop(lead, other)
    told = await _refusal(bed)
    pids = await asyncio.gather(*(bed.on(name, PID) for name in (lead, other)))
    await bed.stop(lead, other, how=f"rm {STATE}/filler")
    bed.desk.turn()
    await bed.on(lead, "systemctl start neumann")
    await bed.on(other, "systemctl start neumann")
    await bed.well()
    back = (
        f"systemctl stop neumann-agent; cp -a {STATE}/. /root/state/; umount {STATE};"
        f" cp -a /root/state/. {STATE}/; systemctl start neumann-agent; rm -r /root/state"
    )
    await bed.stop(lead, other, how=back)
    code, _ = await _answering(bed)
    return Result(pids == ["0", "0"] and code == 0, told)


async def read_only_root(bed: Bed) -> Result:
    """Roots that the kernel made read-only after an error: said, nothing begun; repaired, all goes on."""
    hit = NAMES[:2]
    await asyncio.gather(*(asyncio.to_thread(bed.container(name).move_to_disk) for name in hit))
    await bed.well()
    await bed.desk.quiet()
    bed.desk.turn()
    await bed.stop(*hit)
    for name in hit:
        bed.container(name).fail_disk()
    try:
        said = await _said_of_failed_roots(bed)
        pids = await asyncio.gather(*(bed.on(name, PID) for name in hit))
    finally:
        await asyncio.gather(*(asyncio.to_thread(bed.container(name).repair_disk) for name in hit))
    await bed.well()
    await bed.desk.quiet()
    code, _ = await _answering(bed)
    right = pids == ["0", "0"] and code == 0 and all("ead-only" in each for each in said.values())
    return Result(right, "; ".join(f"{who}: {each}" for who, each in said.items()))


async def _said_of_failed_roots(bed: Bed) -> dict[str, str]:
    """Return who says what of them: thread, agent, its check, the bot's doctor, and an agent started anew."""
    told = await _refusal(bed)
    ordered = await act(bed.desk.config, "start_service")  # as a bot that cannot tell would
    _, checked = await asyncio.to_thread(bed.nodes["node1"].run, AS_AGENT)
    _, doctor = await bed.desk.bot("doctor")
    return {
        "thread": told,
        "agent": f"{ordered['state']}: {ordered['detail']}",
        "check": " / ".join(line for line in checked.splitlines() if "ead-only" in line),
        "doctor": " / ".join(line for line in doctor.splitlines() if "ead-only" in line),
        "agent started anew": await bed.on("node1", RESTARTED),
    }


async def _refusal(bed: Bed) -> str:
    """Ask for the start in the thread; return what keeps it from beginning, whoever says it."""
    try:
        await bed.desk.confirm("start_nodes")
        run = await bed.desk.stopped_run()
    except LookupError as refused:
        return f"the plan is refused: {str(refused)[:600]}"
    except TimeoutError as refused:
        words = [
            line
            for line in str(refused).splitlines()
            if "No button" in line or "Do:" in line or "read-only" in line
        ]
        return f"not offered: {' '.join(words)[:600]}"
    return str([line for line in run["text"].splitlines() if line][-1:])


async def pair(bed: Bed, name: str) -> str:
    """Pair beside the agent that serves, by the command that it prints; return the bot's words."""
    code = secrets.token_hex(16)
    file = bed.desk.folder / "code"
    file.touch(0o600)
    file.write_text(code)
    waiting = asyncio.create_task(
        bed.on(name, f"neumann-agent pair --within-s 60 --code-file - <<< {code} 2>&1 | tee /root/paired")
    )
    while not (
        found := re.search(r"neumann-bot (agents add .*)", await bed.on(name, "cat /root/paired 2>&1"))
    ):
        await asyncio.sleep(0.3)
    command = found[1].replace(f"//{name}:", f"//{HOSTS[name]}:").split()
    result, said = await bed.desk.bot(*command, "--code-file", str(file))
    ended = await waiting
    await bed.on(name, "rm /root/paired")
    if result:
        raise LookupError(f"{said} {ended}")
    return said


async def _answering(bed: Bed) -> tuple[int, str]:
    """Ask until every agent answers, for 15 s; return how `agents list` ended, and what it said."""
    for _ in range(15):
        code, said = await bed.desk.bot("agents", "list")
        if code == 0:
            break
        await asyncio.sleep(1)
    return code, said.strip()


CASES = (upgraded, paired_again, keys_rotated, disk_full, read_only_root)
