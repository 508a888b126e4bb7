"""Power cuts: `make real-nodes ARGS=power` copies the disk at a step of an action, and goes on with the copy.

Ledger and configuration file lie on an ext4 of their own (data=ordered) in an image. What the file system has
not handed to its disk by then is not in the copy, as after a cut; each cut shows that with a line that nobody
synced. A disk that loses what it was handed and not told to flush is not played: that takes dm-log-writes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from asyncio.subprocess import Process
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple, get_args

import httpx
import tomlkit
from nacl.signing import SigningKey

from agent.neumann_config.edit import with_election_timeouts
from agent.protocol import Action, Refusal, RestartService, SetElectionTimeouts, sign
from measure.real_nodes.image_disk import Disk, run
from shared.whole_files import sync_folder
from tests.agent.bed import CONFIG, Bot, Node, Pki, agent_process, client_of, document_of, metrics_page

Step = Literal["INTENT", "replaced", "effect", "DONE"]
STEPS: tuple[Step, ...] = get_args(Step)
WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)
CHANGED = with_election_timeouts(CONFIG.encode(), min_ms=1000, max_ms=2000).decode()
ACTIONS: dict[str, Action] = {"timeouts": WIDER, "restart": RestartService()}
BOOT_ID = "/proc/sys/kernel/random/boot_id"
NAMES = {
    "INTENT": "INTENT recorded",
    "replaced": "file replaced",
    "effect": "effect, no end yet",
    "DONE": "DONE recorded",
}
NEEDED = {"mke2fs": "e2fsprogs", "mount": "mount", "unshare": "util-linux"}


class After(NamedTuple):
    """What a fresh agent says of an action after a cut, and what is true."""

    state: str
    effects: int


class Bench:
    """A node on such a disk, and an agent whose power is cut."""

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        self.node, self.folder, self.key = Node(folder), folder, SigningKey.generate()
        self.disk = Disk(folder)
        (self.disk.at / "state").mkdir(mode=0o700)
        self.config = self.disk.at / "etc/config.toml"
        self.config.parent.mkdir()
        self._pki = Pki.make(folder)
        self._environment = {} if synced else {"NO_SYNC": "1"}
        self._page = ExitStack()
        self._document = document_of(self.node, self._pki, self.key) | {
            "state_dir": str(self.disk.at / "state"),
            "config_file": str(self.config),
            "metrics_url": self._page.enter_context(metrics_page(self.node)),
        }
        self._generation = 0
        self._agent = AsyncExitStack()
        self.reboot()

    def reboot(self) -> None:
        """Give the machine another boot id; nothing stands still at any step."""
        (self.folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        (self.folder / "stop_at").write_text("nowhere")
        (self.folder / "stopped").unlink(missing_ok=True)

    async def __aenter__(self) -> Bench:
        # The settings are there before the agent is, for the wrapper.
        (self.folder / "agent.toml").write_text(tomlkit.dumps(self._document))
        self.put(CONFIG)
        run("mount", "--bind", str(self.folder / "boot_id"), BOOT_ID)
        self.process, self.bot = await self._start()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self._agent.aclose()
        self._page.close()
        run("umount", BOOT_ID)
        self.disk.unmount()

    def put(self, text: str) -> None:
        """Write Neumann's file so that it outlasts a cut."""
        with self.config.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    async def cut_at(self, action: Action, step: Step) -> After:
        """Cut the power at a step of an action; check what must hold after."""
        self._generation += 1
        self.put(CONFIG)
        (self.folder / "calls").unlink(missing_ok=True)
        self.node.set_service("active", 100, then=("active", 101))
        grant = await self.bot.grant(action, generation=self._generation, fence=self._generation)
        (self.folder / "stop_at").write_text(step)
        committing = asyncio.create_task(
            self.bot.http.post("/v1/commit", content=sign(grant, self.key).to_json())
        )
        async with asyncio.timeout(30):
            while not (self.folder / "stopped").exists() or not _stands_still(self.process.pid):
                await asyncio.sleep(0.005)
        if step == "replaced" and self._generation % 2:
            sync_folder(self.config.parent)  # as when the journal happens to be written just then
        never_synced = self.disk.at / f"never-synced-{self._generation}"
        never_synced.write_text("lost")
        copy = self.disk.copy()
        self.process.kill()
        await self.process.wait()
        with suppress(httpx.HTTPError):
            await committing
        self.disk.go_on_with(copy)
        assert not never_synced.exists(), "what was not synced is in the copy, so it is no cut"
        before = self.effects()
        self.reboot()
        self.process, self.bot = await self._start()
        state = (await self.bot.report(grant.action_id)).state
        assert await self.bot.commit(grant) == (403, "nonce")
        assert isinstance(await self.bot.prepare(action, generation=self._generation), Refusal), (
            "offered twice"
        )
        assert self.effects() == before, "the new agent acted by itself"
        return After(state, before)

    def effects(self) -> int:
        """Count what was done: restarts, and the file, which is the old one or the new one.

        Raises:
            AssertionError: If it is neither.
        """
        text = self.config.read_text()
        assert text in (CONFIG, CHANGED), f"half a file: {text!r}"
        return self.node.calls("systemctl restart") + (text == CHANGED)

    async def _start(self) -> tuple[Process, Bot]:
        await self._agent.aclose()
        wrapper = (sys.executable, str(Path(__file__).with_name("stopping_agent.py")), str(self.folder))
        running = agent_process(self._document, self.folder, prefix=wrapper, environment=self._environment)
        process, url = await self._agent.enter_async_context(running)
        http = await self._agent.enter_async_context(client_of(self._pki, url, self._pki.issue("bot")))
        return process, Bot(http, self.key)


def is_right(action: str, step: Step, after: After) -> bool:
    """Return whether this may be said: of a file what it shows, of a service nothing after a boot."""
    if action == "timeouts":
        expected = {"INTENT": {0}, "replaced": {0, 1}, "effect": {1}, "DONE": {1}}[step]
        return after.effects in expected and after.state == ("DONE" if after.effects else "NOT_DONE")
    state = "DONE" if step == "DONE" else "UNKNOWN"
    return after == After(state, 0 if step == "INTENT" else 1)


async def loses_without_sync(folder: Path) -> bool:
    """Return whether a ledger that does not wait for its disk loses what it said: else no cut was one."""
    async with Bench(folder, synced=False) as bench:
        try:
            return (await bench.cut_at(WIDER, "DONE")).state != "DONE"
        except Exception:  # the new agent has never heard of it, or cannot read its ledger
            return True


async def main(cuts: int) -> int:
    """Cut so often at each step, print the table; return how many came out wrong."""
    began, wrong = time.monotonic(), 0
    with TemporaryDirectory(prefix="neumann-power-") as name:
        for part in ("control", "bench"):
            (Path(name) / part).mkdir()
        lost = await loses_without_sync(Path(name) / "control")
        print(f"control, a ledger that does not sync: {'loses its DONE' if lost else 'LOSES NOTHING'}")
        print(
            "| power cut at | action | cuts | the agent says (effects on the disk) | wrong |\n"
            "|---|---|---|---|---|"
        )
        async with Bench(Path(name) / "bench") as bench:
            for step in STEPS:
                which = ["timeouts"] if step == "replaced" else list(ACTIONS)
                for action in which:
                    share = cuts // len(which)
                    said = [await bench.cut_at(ACTIONS[action], step) for _ in range(share)]
                    bad = sum(not is_right(action, step, each) for each in said)
                    shown = ", ".join(
                        f"{n} x {each.state} ({each.effects})" for each, n in Counter(said).items()
                    )
                    print(f"| {NAMES[step]} | {action} | {share} | {shown} | {bad} |", flush=True)
                    wrong += bad
    print(f"{len(STEPS) * cuts} cuts, {wrong} wrong, in {time.monotonic() - began:.0f} s")
    return wrong + (not lost)


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]))))
