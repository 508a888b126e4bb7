"""The plan shows what is written, in every legal spelling; where nothing can be, that is said before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from agent.errors import ConfigFileError
from agent.neumann_config.edit import replace_config, with_election_timeouts
from agent.neumann_config.planned_edit import planned_edit, why_not_editable
from agent.protocol import PlannedEdit

pytestmark = pytest.mark.process

SPELLINGS = sorted((Path(__file__).parents[2] / "data" / "config").glob("*.toml"))
REFUSED = {"both-forms"}
OURS = {
    "quoted": '[raft]\n"election_timeout_min_ms" = 150\n',
    "hexadecimal": "[raft]\nelection_timeout_min_ms = 0x96\nelection_timeout_max_ms = 300\n",
    "in-a-text": '[node]\nnote = """\nelection_timeout_ms = 1\n"""\n[raft]\nelection_timeout_ms = 150\n',
    "windows-lines": "[raft]\r\nelection_timeout_min_ms = 150 # short\r\nelection_timeout_max_ms = 300\r\n",
    "line-separator": "# one\u2028election_timeout_min_ms = 9\n[raft]\nelection_timeout_ms = 150\n",
    "no-end-of-line": "[raft]\nelection_timeout_min_ms = 150",
}


def edited(path: Path) -> tuple[PlannedEdit, bytes]:
    """The plan for 400/800 ms, and the file as the code that writes leaves it."""
    before = path.read_bytes()
    after = with_election_timeouts(before, min_ms=400, max_ms=800)
    plan = planned_edit(path, before, after)
    replace_config(path, after, expected_sha256=plan.before_sha256)
    return plan, before


def applied(before: bytes, plan: PlannedEdit) -> list[str]:
    """The lines that the plan leaves and adds: what a reader makes of it, without their order."""
    lines = before.decode().replace("\r", "").split("\n")
    for line in plan.lines:
        if line.startswith("-"):
            lines.remove(line[1:])
    return sorted([*lines, *(line[1:] for line in plan.lines if line.startswith("+"))])


def check(path: Path) -> None:
    assert why_not_editable(path) is None
    plan, before = edited(path)
    text = path.read_bytes().decode()
    assert applied(before, plan) == sorted(text.replace("\r", "").split("\n"))
    assert "400" in "".join(plan.lines)


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda path: path.stem)
def test_the_plan_of_a_legal_spelling_is_what_is_written(spelling: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(spelling, tmp_path / "config.toml"))
    if spelling.stem in REFUSED:
        assert "both" in (why_not_editable(path) or "")
        with pytest.raises(ConfigFileError):
            edited(path)
        return
    check(path)


@pytest.mark.parametrize("name", OURS)
def test_so_is_that_of_an_odd_one(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(OURS[name].encode())
    if name == "line-separator":
        path.write_bytes(OURS[name].encode())
        plan, _ = edited(path)
        assert plan.lines == ("-election_timeout_ms = 150", "+election_timeout_ms = 400")
        return
    check(path)


def test_the_hashes_are_those_of_the_file_before_and_after(tmp_path: Path) -> None:
    path = Path(shutil.copy(SPELLINGS[0].with_name("dotted.toml"), tmp_path / "config.toml"))
    plan, before = edited(path)
    digest = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    assert plan.after_sha256 == digest
    (tmp_path / "before").write_bytes(before)
    digest = subprocess.run(
        ["sha256sum", tmp_path / "before"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    assert plan.before_sha256 == digest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir()
    path.write_text("[raft]\nelection_timeout_min_ms = 150\nelection_timeout_max_ms = 300\n")
    return path


def test_a_line_that_is_too_long_to_be_shown_is_not_edited(config: Path) -> None:
    name = "x" * 350
    before = f'raft = {{ id = "{name}", election_timeout_ms = 150 }}'.encode()
    with pytest.raises(ConfigFileError, match="more than can be shown"):
        planned_edit(config, before, with_election_timeouts(before, min_ms=300, max_ms=600))
    config.write_bytes(before)
    assert "more than can be shown" in (why_not_editable(config) or "")


def test_a_symbolic_link_is_said_before_anybody_confirms(config: Path) -> None:
    link = config.with_name("link.toml")
    link.symlink_to(config)
    assert "symbolic links" in (why_not_editable(link) or "")


def test_so_is_a_file_that_is_no_text(config: Path) -> None:
    config.write_bytes(b"# caf\xe9\n[raft]\n")
    assert "not valid TOML" in (why_not_editable(config) or "")


def test_so_is_a_folder_that_the_agent_may_not_write_to() -> None:
    with TemporaryDirectory() as name:  # not pytest's own, which nobody else may enter
        folder = Path(name)
        config = folder / "config.toml"
        config.write_text("[raft]\nelection_timeout_ms = 150\n")
        folder.chmod(0o555)
        with as_another_user():
            told = why_not_editable(config)
        folder.chmod(0o755)
    assert "cannot be written to" in (told or "")


@contextmanager
def as_another_user() -> Iterator[None]:
    """Look at files as a user without rights would; who is none already stays."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_so_is_an_immutable_file(config: Path) -> None:
    if os.geteuid() != 0 or shutil.which("chattr") is None:
        pytest.skip("needs root and chattr")
    if subprocess.run(["chattr", "+i", config], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        assert "immutable" in (why_not_editable(config) or "")
        with pytest.raises(ConfigFileError):
            edited(config)
    finally:
        subprocess.run(["chattr", "-i", config], check=True)


def test_so_is_a_file_that_is_mounted_by_itself_and_one_on_a_read_only_mount(config: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare")
    other = config.with_name("other.toml")
    shutil.copy(config, other)
    assert "mount point" in _told(config, "unshare", "-m", before=f"mount --bind {other} {config}")
    folder = config.parent
    read_only = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    assert "cannot be written to" in _told(config, "unshare", "-m", before=read_only)


def test_owner_mode_and_extended_attributes_stay(config: Path) -> None:
    config.chmod(0o640)
    try:
        os.setxattr(config, "user.kept", b"as it was")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    if os.geteuid() == 0:
        os.chown(config, 12345, 23456)
    was = config.stat()
    edited(config)
    now = config.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    assert os.getxattr(config, "user.kept") == b"as it was"
    assert now.st_ino != was.st_ino


def _told(path: Path, *command: str, before: str = "true") -> str:
    """What `why_not_editable` says in another process, after a shell has prepared its mounts."""
    program = (
        "import sys; from pathlib import Path;"
        " from agent.neumann_config.planned_edit import why_not_editable;"
        f" print(why_not_editable(Path({str(path)!r})))"
    )
    python = Path(os.sys.executable)  # type: ignore[attr-defined]
    line = [*command, "sh", "-c", f'{before} && exec {python} -c "$0"', program]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(line, capture_output=True, text=True, check=True, env=environment).stdout
