"""What a person confirms in the thread, over three real nodes: each ends with a leader."""

from __future__ import annotations

import asyncio

from lab.slack.plain_text import plain_text
from measure.real_nodes.cases import Result
from measure.real_nodes.cluster import CONFIG_FILE, NAMES
from measure.real_nodes.thread.bed import FILE, PID, Bed
from measure.real_nodes.thread.desk import RUN_WITHIN_S, Loop

ATTRIBUTES = f"""python3 -c '
import os, struct, sys
path, add = "{CONFIG_FILE}", sys.argv[1:]
if add:
    os.setxattr(path, "user.note", b"by hand")
    entries = ((1, 6, -1), (2, 4, 1), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *each) for each in entries)
    os.setxattr(path, "system.posix_acl_access", acl)
print({{name: os.getxattr(path, name) for name in sorted(os.listxattr(path))}})
'"""
"""Prints the file's extended attributes; with an argument it adds one, and lets one user more read it."""

DROP_IN = "/etc/systemd/system/neumann.service.d"
WITHOUT = f"rm -rf {DROP_IN}; systemctl daemon-reload"
STATE = "systemctl show neumann --property=ActiveState --value"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
AT_LIMIT = (
    "for _ in 1 2 3 4; do systemctl restart neumann; done; systemctl kill -s KILL neumann; sleep 0.5;"
    " systemctl start neumann; systemctl show neumann --property=Result,ActiveState"
)


def with_lines(*lines: str) -> str:
    """Return what gives Neumann's unit these lines more."""
    listed = " ".join(f"'{line}'" for line in lines)
    return f"mkdir -p {DROP_IN}; printf '%s\\n' {listed} > {DROP_IN}/case.conf; systemctl daemon-reload"


def until_state(state: str) -> str:
    """Return what waits until Neumann's unit is so, for a minute."""
    return f"timeout 60 bash -c 'until [ $({STATE}) = {state} ]; do sleep 0.1; done'"


def _told(loop: Loop, *, right: bool = True) -> Result:
    last = [line for line in loop.run.splitlines() if line.strip()][-1]
    return Result(
        right and "Every action is done" in last, f"{last} {loop.end.splitlines()[0]} {loop.took_s:.0f} s"
    )


async def rolling_restart(bed: Bed) -> Result:
    """Timeouts widened on all three by the agent's own rights, each service restarted, the leader last."""
    await bed.make_timeouts_short()
    attributes, before = await bed.everywhere(f"{ATTRIBUTES} add"), await bed.everywhere(PID)
    loop = await bed.desk.loop("config_bump")
    after, files = await bed.everywhere(PID), await bed.everywhere(FILE)
    restarted = all(before[name] != after[name] for name in NAMES)
    kept = all(said.startswith("neumann-agent:neumann 640") for said in files.values())
    kept = kept and await bed.everywhere(ATTRIBUTES) == attributes
    told = _told(loop, right=restarted and kept)
    return Result(told.right, f"{told.said}, pressed {bed.desk.presses} times")


async def started_after_stop(bed: Bed) -> Result:
    """The leader and a follower, both stopped, are started."""
    lead = await bed.well()
    await bed.stop(lead, next(name for name in NAMES if name != lead))
    return _told(await bed.desk.loop("start_nodes"))


async def started_after_crash(bed: Bed) -> Result:
    """The leader and a follower, both killed, are started."""
    lead = await bed.well()
    await bed.stop(lead, next(name for name in NAMES if name != lead), how="systemctl kill -s KILL neumann")
    return _told(await bed.desk.loop("start_nodes"))


async def started_at_the_limit(bed: Bed) -> Result:
    """One at its start limit and one that was stopped are started."""
    lead = await bed.well()
    limited = with_lines("[Unit]", "StartLimitIntervalSec=600", "StartLimitBurst=2")
    limit = await bed.on(lead, f"{limited}; {AT_LIMIT}")
    await bed.stop(next(name for name in NAMES if name != lead))
    result = _told(await bed.desk.loop("start_nodes"), right="failed" in limit)
    await bed.everywhere(WITHOUT)
    return result


async def masked(bed: Bed) -> Result:
    """A masked unit is not offered to be started, and said; with the mask gone it is."""
    lead = await bed.well()
    other = next(name for name in NAMES if name != lead)
    unit = "/etc/systemd/system/neumann.service"
    await bed.stop(lead, other, how=f"systemctl stop neumann; mv {unit} /root/; systemctl mask -q neumann")
    said = await bed.desk.message("findings", "masked", 120)
    offered = "start_nodes" in str(said)
    await bed.stop(
        lead,
        other,
        # Who unmasks a unit that is not there disables it.
        how=f"systemctl unmask -q neumann; mv /root/neumann.service {unit}; systemctl enable -q neumann",
    )
    await bed.stop(lead, other, how="systemctl start neumann")
    await bed.desk.message("closed", "", 120)
    return Result(not offered, f"masked: {'' if offered else 'not '}offered; started by hand, closed")


async def rebooted_in_mid_run(bed: Bed) -> Result:
    """A node is told to reboot while its service restarts with new timeouts: all can be put back."""
    return await _rebooted(bed, "systemctl reboot")


async def reset_in_mid_run(bed: Bed) -> Result:
    """The same with a reset, which lets nobody record an end."""
    return await _rebooted(bed, "systemctl reboot --force --force")


async def _rebooted(bed: Bed, how: str) -> Result:
    await bed.everywhere(with_lines("[Service]", "ExecStartPre=/bin/sleep 6"))
    await bed.make_timeouts_short()
    before, boots = await bed.everywhere(FILE), await bed.everywhere(BOOT_ID)
    await bed.desk.confirm("config_bump")
    await bed.desk.message("run-", "write the timeouts: /etc", 60)
    changed = [name for name, said in (await bed.everywhere(FILE)).items() if said != before[name]]
    (node,) = changed
    await bed.on(node, until_state("activating"))
    await asyncio.to_thread(bed.container(node).reboot, how)
    stopped = plain_text(await bed.desk.stopped_run())
    ledger = (await bed.acted())[node].split(", (")[-1]
    await bed.on(node, until_state("active"))  # a unit that changes while it starts does not come up
    await bed.everywhere(WITHOUT)
    await bed.desk.confirm("undo", of="run-")
    await bed.desk.message("run-2", "Every action is done", RUN_WITHIN_S)
    back, booted = await bed.everywhere(FILE) == before, await bed.on(node, BOOT_ID) != boots[node]
    await bed.mend()
    why = next(line for line in stopped.splitlines() if "Stopped" in line)
    said = f"changed {changed}: {why}; its ledger: {ledger}; booted: {booted}; put back as it was: {back}"
    return Result(back and booted and "INTENT" not in ledger, said)


async def agent_killed_in_mid_run(bed: Bed) -> Result:
    """An agent that is killed while it restarts the service: the run stops, the ledger says what it knows."""
    lead = await bed.well()
    other = next(name for name in NAMES if name != lead)
    await bed.everywhere(with_lines("[Service]", "ExecStartPre=/bin/sleep 6"))
    await bed.stop(lead, other)
    await bed.desk.confirm("start_nodes")
    kill = f"until {STATE} | grep -q ^activ; do sleep 0.1; done; systemctl kill -s KILL neumann-agent"
    killed = [asyncio.create_task(bed.on(name, f"timeout 60 bash -c '{kill}'")) for name in (lead, other)]
    await asyncio.wait(killed, return_when=asyncio.FIRST_COMPLETED)
    stopped = await bed.desk.stopped_run()
    ledgers = await bed.acted()
    await bed.everywhere(WITHOUT)
    await bed.mend()
    last = [line for line in stopped["text"].splitlines() if line][-1:]
    return Result("INTENT" not in str(ledgers), f"{last}; ledger of {lead}: {ledgers[lead].split(', (')[-1]}")


CASES = (
    rolling_restart, started_after_stop, started_after_crash, started_at_the_limit, masked,
    rebooted_in_mid_run, reset_in_mid_run, agent_killed_in_mid_run,
)  # fmt: skip
