"""Row 17 of the threat model: whatever is done to the file, or lacks for it, it stays whole and as it was."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from nacl.signing import SigningKey

from agent.errors import ConfigFileError
from agent.neumann_config.edit import MAX_CONFIG_BYTES, read_config_bytes, replace_config
from agent.protocol import ActionReport, Grant, Refusal, RestartService, SetElectionTimeouts, sign
from tests.agent.bed import CONFIG, Bot, Client, Node, Pki, agent_process

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[3]
WIDER = SetElectionTimeouts(election_timeout_min_ms=1000, election_timeout_max_ms=2000)


def link(config: Path) -> None:
    shutil.move(config, config.with_name("real.toml"))
    config.symlink_to(config.with_name("real.toml"))


def fifo(config: Path) -> None:
    config.unlink()
    os.mkfifo(config)


def folder(config: Path) -> None:
    config.unlink()
    config.mkdir()


def add(text: bytes, *, first: bytes = b"") -> Callable[[Path], None]:
    def change(config: Path) -> None:
        config.write_bytes(first + config.read_bytes() + text)

    return change


@dataclass(frozen=True)
class Trick:
    """What is done to the file; the words of who sees it first, and of who knew the file before."""

    play: Callable[[Path], object]
    words: str
    words_later: str


CHANGED = "has changed since"
TRICKS = {
    "symlink": Trick(link, "symbolic links are not followed", "symbolic links are not followed"),
    "FIFO": Trick(fifo, "is not a regular file", "is not a regular file"),
    "folder": Trick(folder, "Is a directory", "Is a directory"),
    "absent": Trick(
        lambda config: config.unlink(),
        "cannot be read: No such file or directory.",
        "cannot be read: No such file or directory.",
    ),
    "10 MB": Trick(add(b"#" * 10_000_000), "is larger than", "is larger than"),
    "a byte too large": Trick(
        lambda config: config.write_bytes(b"#" * (MAX_CONFIG_BYTES + 1)), "is larger than", "is larger than"
    ),
    "duplicate table": Trick(add(b"[raft]\na = 1\n"), "not valid TOML", CHANGED),
    "duplicate key": Trick(add(b"enabled = true\n"), "not valid TOML", CHANGED),
    "both forms": Trick(
        lambda config: config.write_text(CONFIG.replace("[raft]", "[raft]\nelection_timeout_ms = 200")),
        "remove one form",
        CHANGED,
    ),
    "BOM": Trick(add(b"", first=b"\xef\xbb\xbf"), "not valid TOML", CHANGED),
    "not UTF-8": Trick(add(b"\xff"), "not valid TOML", CHANGED),
    "NUL": Trick(add(b"\x00"), "not valid TOML", CHANGED),
    "endless number": Trick(add(b"a = " + b"1" * 5000), "not valid TOML", CHANGED),
    "endless nesting": Trick(add(b"a = " + b"[" * 5000), "not valid TOML", CHANGED),
    "empty": Trick(lambda config: config.write_text(""), "no [raft] table", CHANGED),
}
tricks = pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)


def all_of(node: Node) -> dict[str, tuple[int, int, bytes | str]]:
    """Return what is in the node's folder: the type of each file, which one it is, and its content."""
    found: dict[str, tuple[int, int, bytes | str]] = {}
    for path in node.folder.iterdir():
        status = path.lstat()
        content: bytes | str = b""
        if stat.S_ISLNK(status.st_mode):
            content = str(path.readlink())
        elif stat.S_ISREG(status.st_mode):
            content = path.read_bytes()
        # Of these two the agent writes the one, its commands the other.
        if path.name not in ("state", "calls"):
            found[path.name] = (status.st_mode, status.st_ino, content)
    return found


async def refusal_of(bot: Bot, grant: Grant) -> Refusal:
    answer = await bot.http.post("/v1/commit", content=sign(grant, bot.key).to_json())
    assert answer.status_code == 409
    return Refusal.from_json(answer.content)


async def done(bot: Bot, grant: Grant | Refusal) -> Grant:
    assert isinstance(grant, Grant), grant
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport) and report.state == "DONE", report
    return grant


@tricks
async def test_row_17_a_trick_is_refused_when_asked(bot: Bot, node: Node, trick: Trick):
    trick.play(node.config)
    before = all_of(node)
    refusal = await bot.prepare(WIDER)
    assert isinstance(refusal, Refusal) and refusal.reason == "precondition"
    assert trick.words in refusal.detail
    assert all_of(node) == before


@tricks
async def test_row_17_a_trick_after_the_grant_is_seen_at_the_last_instant(bot: Bot, node: Node, trick: Trick):
    grant = await bot.grant(WIDER)
    trick.play(node.config)
    before = all_of(node)
    refusal = await refusal_of(bot, grant)
    assert refusal.reason == "precondition"
    assert trick.words_later in refusal.detail
    assert all_of(node) == before


@tricks
async def test_row_17_a_trick_is_refused_when_an_undoing_is_asked_for(bot: Bot, node: Node, trick: Trick):
    granted = await done(bot, await bot.grant(WIDER))
    trick.play(node.config)
    before = all_of(node)
    refusal = await bot.grant_undo(granted)
    assert isinstance(refusal, Refusal) and refusal.reason == "precondition"
    assert trick.words_later in refusal.detail
    assert all_of(node) == before


@tricks
async def test_row_17_a_trick_after_leave_to_undo_is_seen_at_the_last_instant(
    bot: Bot, node: Node, trick: Trick
):
    undoing = await bot.grant_undo(await done(bot, await bot.grant(WIDER)))
    assert isinstance(undoing, Grant)
    trick.play(node.config)
    before = all_of(node)
    refusal = await refusal_of(bot, undoing)
    assert refusal.reason == "precondition"
    assert trick.words_later in refusal.detail
    assert all_of(node) == before


async def test_row_17_a_second_name_of_the_file_keeps_its_bytes(bot: Bot, node: Node):
    """The file is replaced, never written into, so whoever has the old one open or linked has it whole."""
    second = node.folder / "second.toml"
    second.hardlink_to(node.config)
    granted = await done(bot, await bot.grant(WIDER))
    assert second.read_text() == CONFIG != node.config.read_text()
    await done(bot, await bot.grant_undo(granted))
    assert second.read_text() == CONFIG == node.config.read_text()


# A small file system of its own, which only the agent sees, and which is full or may not be written to.
MOUNT = """
mount -t tmpfs -o size=64k,mode=755 none "$0" && echo "$CONFIG" > "$0/config.toml" && exec "$@"
"""


@dataclass(frozen=True)
class SmallDisk:
    """The agent's folder for Neumann's file, seen from outside."""

    pid: int
    place: Path

    @property
    def folder(self) -> Path:
        return Path(f"/proc/{self.pid}/root{self.place}")

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name != "filler"}

    def fill(self) -> None:
        with (
            (self.folder / "filler").open("wb", buffering=0) as file,
            pytest.raises(OSError, match="No space"),
        ):
            while True:
                file.write(b"#" * 512)

    def empty(self) -> None:
        (self.folder / "filler").unlink()

    def forbid(self) -> None:
        self._remount("ro")

    def allow(self) -> None:
        self._remount("rw")

    def _remount(self, how: str) -> None:
        namespaces = ["--target", str(self.pid), "--user", "--mount", "--preserve-credentials"]
        subprocess.run(["nsenter", *namespaces, "mount", "-o", f"remount,{how}", str(self.place)], check=True)


def may_mount() -> bool:
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return False
    attempt = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(attempt, check=False, capture_output=True).returncode == 0


@pytest.fixture
async def small_disk(
    settings_document: dict[str, Any], client: Client, pki: Pki, grant_key: SigningKey, tmp_path: Path
) -> AsyncIterator[tuple[SmallDisk, Bot]]:
    if not may_mount():
        pytest.skip("this user may not mount a file system of its own (unshare --user --mount)")
    place = tmp_path / "disk"
    place.mkdir()
    prefix = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(place))
    document = settings_document | {"config_file": str(place / "config.toml")}
    async with (
        agent_process(document, tmp_path, prefix=prefix, environment={"CONFIG": CONFIG}) as (process, url),
        client(url, pki.issue("bot")) as http,
    ):
        yield SmallDisk(process.pid, place), Bot(http, grant_key)


@pytest.mark.parametrize(
    ("harm", "mend", "words"),
    [
        (SmallDisk.fill, SmallDisk.empty, "cannot be replaced: No space left on device"),
        (SmallDisk.forbid, SmallDisk.allow, "cannot be replaced: Read-only file system"),
    ],
    ids=["full", "read-only"],
)
async def test_row_17_on_a_disk_that_takes_nothing_the_file_stays_whole(
    small_disk: tuple[SmallDisk, Bot],
    harm: Callable[[SmallDisk], None],
    mend: Callable[[SmallDisk], None],
    words: str,
):
    disk, bot = small_disk
    at_first = disk.files
    grant = await bot.grant(WIDER, generation=1)
    harm(disk)
    report = await bot.commit(grant)
    assert isinstance(report, ActionReport) and report.state == "NOT_DONE"
    assert words in report.detail
    assert disk.files == at_first
    mend(disk)
    granted = await done(bot, await bot.grant(WIDER, generation=2))
    widened = disk.files
    assert widened != at_first
    undoing = await bot.grant_undo(granted)
    assert isinstance(undoing, Grant)
    harm(disk)
    report = await bot.commit(undoing)
    assert isinstance(report, ActionReport) and report.state == "NOT_DONE"
    assert words in report.detail
    assert disk.files == widened


@contextmanager
def a_folder_not_its_own(folder: Path) -> Iterator[None]:
    """Take the right to write to a folder away, from root too."""
    if os.geteuid() == 0:
        folder.chmod(0o755)
        os.seteuid(65534)
    else:
        folder.chmod(0o555)
    try:
        yield
    finally:
        if os.geteuid() == 65534:
            os.seteuid(0)
        folder.chmod(0o755)


def test_row_17_a_folder_that_is_read_only_keeps_its_file():
    # Not below the folder of this run, which is its owner's alone: the file is to be readable.
    with TemporaryDirectory(prefix="neumann-read-only-") as named:
        folder = Path(named)
        config = folder / "config.toml"
        config.write_text("[raft]\n")
        found = read_config_bytes(config)
        with a_folder_not_its_own(folder):
            assert read_config_bytes(config) == found
            with pytest.raises(ConfigFileError, match="Permission denied"):
                replace_config(config, b"[raft]\na = 1\n", expected_sha256=found.sha256)
        assert [path.name for path in folder.iterdir()] == ["config.toml"]
        assert config.read_text() == "[raft]\n"


def test_row_17_a_file_that_cannot_be_written_whole_is_not_replaced(node: Node):
    """The process may write 100 bytes to a file: the kernel stops it as a full disk does, halfway."""
    before, beside = node.config.read_bytes(), sorted(node.folder.iterdir())
    expected, (soft, hard) = read_config_bytes(node.config).sha256, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ConfigFileError) as caught:
            replace_config(node.config, b"#" * 200, expected_sha256=expected)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be replaced: File too large" in str(caught.value)
    assert node.config.read_bytes() == before
    assert sorted(node.folder.iterdir()) == beside


async def test_row_17_without_room_for_the_ledger_nothing_is_begun(
    settings_document: dict[str, Any],
    client: Client,
    pki: Pki,
    grant_key: SigningKey,
    tmp_path: Path,
    node: Node,
):
    limit = ("prlimit", f"--fsize={96 * 1024}:unlimited")
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit (util-linux) is not installed")
    async with (
        agent_process(settings_document, tmp_path, prefix=limit) as (process, url),
        client(url, pki.issue("bot")) as http,
    ):
        bot = Bot(http, grant_key)
        grant = await bot.grant(RestartService())
        for _ in range(200):
            body = {"action_id": os.urandom(32).hex(), "action": {"type": "restart_service"}}
            if (await http.post("/v1/prepare", json=body)).status_code == 503:
                break
        else:
            raise AssertionError("the ledger never filled up")
        assert await bot.commit(grant) == (503, "ledger")
        assert node.calls("systemctl restart") == 0
        # What failed is not half there: with room again it goes on.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await done(bot, await bot.grant(RestartService()))
    assert node.calls("systemctl restart") == 1
