"""Row 16 on real processes: wall clocks hours and years wrong on the agent's side, the bot's, and both."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nacl.encoding import Base64Encoder
from nacl.signing import SigningKey

from agent.boot import boottime_s
from tests.agent.bed import CONFIG, Node, Pki, agent_process, document_of, metrics_page
from tests.agent.order import Came

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime (Debian's faketime) is not installed"),
]
ROOT = Path(__file__).parents[3]
# Of their wall clocks, in seconds; faketime's year has 365 days.
OFFSETS = {"+0": 0, "+1h": 3600, "-1h": -3600, "+10y": 315_360_000, "-10y": -315_360_000}
# A step is made while the agent waits for it: from then on its clock is right.
STEP = 'makestep) echo "+0" > FOLDER/clock; sleep'
LOG_WRITTEN_S = 1_000_000_000


@dataclass(frozen=True)
class Place:
    """A node whose agent has a wall clock of its own."""

    node: Node
    offset: str
    url: str

    def make_ready(self) -> None:
        self.node.set_clock(ahead_s=-2.4, after_step_s=0.0004)
        self.node.set_service("active", 100, then=("active", 101))
        self.node.config.write_text(CONFIG)
        (self.node.folder / "clock").write_text(f"{self.offset}\n")
        (self.node.folder / "calls").write_text("")
        self.node.log.touch()
        os.utime(self.node.log, (LOG_WRITTEN_S, LOG_WRITTEN_S))

    def effects(self) -> tuple[int, int, bool]:
        calls = self.node.calls("chronyc makestep"), self.node.calls("systemctl restart")
        return (*calls, self.node.config.read_text() != CONFIG)

    def had_clocks(self, came: Came) -> bool:
        """Say whether the agent's wall clock was as far off as it was to be, and its boot clock right."""
        assert came.silent_s is not None
        wall_s, boot_s = came.silent_s + LOG_WRITTEN_S - time.time(), came.boottime_s - boottime_s()
        return abs(wall_s - OFFSETS[self.offset]) < 120 and abs(boot_s) < 120


def with_clock(offset: str | Path) -> dict[str, str]:
    """Return the environment of a process whose wall clock, and that alone, is off.

    Where the offset is in a file, that file may change meanwhile.
    """
    wrong = (
        {"FAKETIME": offset}
        if isinstance(offset, str)
        else {"FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1"}
    )
    # CLOCK_BOOTTIME counts among the monotonic ones; and files keep the times that they have.
    kept = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    return {"LD_PRELOAD": str(LIBRARY), "PYTHONPATH": str(ROOT)} | wrong | kept


def certificates(pki: Pki, name: str) -> str:
    """A certificate that is valid for minutes: on any of the wrong clocks it is over, or not yet begun."""
    now, minutes = datetime.now(UTC), timedelta(minutes=15)
    return str(pki.issue(name, not_before=now - minutes, not_after=now + minutes))


@asynccontextmanager
async def place(
    folder: Path, name: str, offset: str, pki: Pki, key: SigningKey, *, nonce_life_s: float = 60
) -> AsyncIterator[Place]:
    folder.mkdir()
    node = Node(folder)
    script = (folder / "chronyc").read_text()
    assert "makestep) sleep" in script
    (folder / "chronyc").write_text(script.replace("makestep) sleep", STEP.replace("FOLDER", str(folder))))
    (folder / "clock").write_text(f"{offset}\n")
    with metrics_page(node) as metrics_url:
        document = document_of(node, pki, key) | {"node": name, "metrics_url": metrics_url}
        document["limits"] |= {"nonce_life_s": nonce_life_s}
        # On a busy machine a reading may be late; here it is the clocks that are tried.
        document["deadlines"] = dict.fromkeys(("clock", "service", "config", "metrics", "log"), 15)
        document["tls"] |= dict.fromkeys(("certificate", "key"), certificates(pki, "server-of-minutes"))
        environment = with_clock(folder / "clock")
        async with agent_process(document, folder, environment=environment) as (_, url):
            yield Place(node, offset, url)


@dataclass(frozen=True)
class Ordering:
    """Starts the bot's end, on a clock of its own."""

    folder: Path
    places: Mapping[str, Place]
    pki: Pki
    key: SigningKey

    async def run(self, offset: str, generation: int, *, expires: bool = False) -> dict[str, Came]:
        clocks = {name: str(place.node.folder / "clock") for name, place in self.places.items()}
        task = {"generation": generation, "nodes": list(self.places), "clocks": clocks, "expires": expires}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.agent.order",
            stdin=PIPE, stdout=PIPE, cwd=ROOT, env=os.environ | with_clock(offset),
        )  # fmt: skip
        document = {"settings": self._settings(), "task": task}
        async with asyncio.timeout(120):
            printed, _ = await process.communicate(json.dumps(document).encode())
        assert process.returncode == 0
        answer = json.loads(printed)
        assert answer["wall_s"] - time.time() == pytest.approx(OFFSETS[offset], abs=120)
        return {name: Came(**came) for name, came in answer["came"].items()}

    def _settings(self) -> dict[str, Any]:
        secret, seed = self.folder / "secret", self.folder / "grant.key"
        secret.write_text("secret")
        for private in (secret, seed):
            private.touch(0o600)
        seed.write_bytes(self.key.encode(encoder=Base64Encoder))
        certificate = certificates(self.pki, "bot-of-minutes")
        nodes = [
            {"name": name, "metrics_url": "http://127.0.0.1:9", "agent_url": place.url}
            for name, place in self.places.items()
        ]
        file = {"file": str(secret)}
        return {
            "slack": {"bot_token": file, "signing_secret": file, "channel": "C1"},
            "web": {"webhook_token": file},
            "agents": {
                "certificate": certificate,
                "key": certificate,
                "authority": str(self.pki.folder / "authority.pem"),
                "grant_key": {"file": str(seed)},
            },
            "clusters": [{"name": "demo", "nodes": nodes}],
        }


@asynccontextmanager
async def places(
    folder: Path, pki: Pki, key: SigningKey, *, nonce_life_s: float = 60
) -> AsyncIterator[Mapping[str, Place]]:
    """Five nodes, and an agent on each: one for each offset."""
    async with AsyncExitStack() as stack:
        yield {
            f"node{number}": await stack.enter_async_context(
                place(folder / f"{number}", f"node{number}", offset, pki, key, nonce_life_s=nonce_life_s)
            )
            for number, offset in enumerate(OFFSETS)
        }


async def test_row_16_whatever_the_clocks_say_what_is_granted_is_done_once_and_nothing_else(
    tmp_path: Path, pki: Pki, grant_key: SigningKey
):
    """Each offset of an agent meets each of the bot, and a step rights the agent's clock in the middle."""
    async with places(tmp_path, pki, grant_key) as nodes:
        for generation, offset in enumerate(OFFSETS, start=1):
            for there in nodes.values():
                there.make_ready()
            came = await Ordering(tmp_path, nodes, pki, grant_key).run(offset, generation)
            for name, there in nodes.items():
                assert there.had_clocks(came[name])
                for action in ("clock_sync", "set_election_timeouts", "restart_service"):
                    told = {case: words for case, words in came[name].told.items() if case.startswith(action)}
                    assert told.pop(action).startswith("done: "), came[name]
                    assert "for another node" in told.pop(f"{action} of another node")
                    assert told.keys() == {f"{action} without a nonce", f"{action} again"}
                    for words in told.values():
                        assert re.match("rejected: .* nonce is unknown, used, expired", words), words
                assert there.effects() == (1, 1, True)


async def test_row_16_a_nonce_whose_life_is_over_is_not_revived_by_a_clock_put_back(
    tmp_path: Path, pki: Pki, grant_key: SigningKey
):
    async with places(tmp_path, pki, grant_key, nonce_life_s=0.1) as nodes:
        for there in nodes.values():
            there.make_ready()
        came = await Ordering(tmp_path, nodes, pki, grant_key).run("+10y", 1, expires=True)
        for name, there in nodes.items():
            assert there.had_clocks(came[name])
            assert len(came[name].told) == 3
            for words in came[name].told.values():
                assert re.match("rejected: .* nonce is unknown, used, expired", words), words
            assert there.effects() == (0, 0, False)
