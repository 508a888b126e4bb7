"""Pairing over SSH: whatever comes of it, a node that had an agent has one afterwards."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent.protocol.pairing import BotCredentials
from bot.nodes.ssh_pairing import REMOTE, SshPairing
from handlers.errors import Refused

pytestmark = pytest.mark.process

SYSTEMCTL = """\
#!/bin/sh
# As far as the agent's unit goes: whether it runs is whether the file is there.
case "$1" in
    is-active) [ -e {running} ] && echo active || { echo inactive; exit 3; } ;;
    stop) rm -f {running} ;;
    start|enable) touch {running} ;;
esac
"""


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is there while the node's agent runs."""
    (tmp_path / "bin").mkdir()
    _program(tmp_path / "bin" / "systemctl", SYSTEMCTL.replace("{running}", str(tmp_path / "running")))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "running"


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("ran", [True, False])
async def test_an_agent_that_ran_runs_again_where_nobody_could_be_paired_with(running: Path, ran: bool):
    _program(running.parent / "bin" / "neumann-agent", "#!/bin/sh\necho No settings. >&2; exit 2\n")
    if ran:
        running.touch()
    shell = await asyncio.create_subprocess_exec("sh", "-c", REMOTE)
    assert await shell.wait() != 0
    assert running.exists() is ran


async def test_who_is_refused_by_the_agent_waits_until_the_former_one_runs_again(running: Path):
    pair = "#!/bin/sh\nsleep 0.2; echo Somebody else came. >&2; exit 2\n"
    _program(running.parent / "bin" / "neumann-agent", pair)
    running.touch()
    ssh = running.parent / "bin" / "ssh"
    _program(ssh, '#!/bin/sh\nexec sh -c "$2"\n')
    settings = running.parent / "neumann-agent.toml"
    settings.touch()
    wanted = BotCredentials(cluster="demo", node="node1", certificates=(), verify_keys=())
    with pytest.raises(Refused, match="The shell on the node ended: Somebody else came"):
        await SshPairing((str(ssh),), settings).pair("https://127.0.0.1:1", wanted, print)
    assert running.exists()
