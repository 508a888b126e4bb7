"""From an empty folder to a judged add-on, as somebody does who writes their first runbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot import add_ons
from bot.cli.app import app
from bot.config import load
from bot.shift import Shift
from bot.timing import DEFAULT_TIMING
from handlers.errors import ConfigurationError, Refused
from runbooks.all_runbooks import RUNBOOKS, of_alert
from runbooks.evidence import Disk
from tests.builders import evidence, known, node

EVIDENCE = sorted((Path(__file__).parents[3] / "data" / "evidence").glob("*.json"))[0]


@pytest.fixture(autouse=True)
def only_the_bots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test adds is taken away again."""
    own = dict(RUNBOOKS)
    monkeypatch.setattr("bot.add_ons.RUNBOOKS", own)
    monkeypatch.setattr("bot.cli.runbook.RUNBOOKS", own)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["runbook", *arguments])


def installed(site: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """Put a package with this module and its entry point on the path, as pip leaves it."""
    module = f"add_on_{name.replace('-', '_')}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    (site / f"{module}.py").write_text(text, encoding="utf-8")
    described = site / f"{module}-0.1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.1.0\n")
    (described / "entry_points.txt").write_text(f"[{add_ons.GROUP}]\n{name} = {module}\n")
    monkeypatch.syspath_prepend(str(site))


def skeleton(folder: Path) -> str:
    """The module of the runbook that `new` writes."""
    assert run("new", "disk-full", "--alert", "RootDiskFull", "--into", str(folder)).exit_code == 0
    return (folder / "neumann-runbook-disk-full" / "neumann_runbook_disk_full" / "__init__.py").read_text()


def test_a_new_runbook_keeps_to_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    assert run("lint", "disk-full").output == "fine: disk-full, 2 causes, 0 remedies\n"


def test_it_is_listed_with_its_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    assert "disk-full: Disk full\n  alerts: RootDiskFull\n" in run("list").output


def test_it_is_tried_on_stored_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    tried = run("try", "disk-full", "--evidence", str(EVIDENCE))
    assert tried.exit_code == 0
    assert "confirmed: Disk full" in tried.output
    assert tried.output.endswith("Recovered? no.\n")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("raise RuntimeError('no luck')", "cannot be imported: RuntimeError: no luck."),
        ("import sys; sys.exit(0)", "cannot be imported: SystemExit: 0."),
        ("NAME = 'disk-full'", "TITLE must be a text."),
        (
            "import runbooks.leader_election as it; globals().update(vars(it))",
            "NAME leader-election is taken",
        ),
    ],
)
def test_a_broken_one_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, why: str
) -> None:
    installed(tmp_path, monkeypatch, "disk-full", broken)
    (said, *_) = add_ons.register(["disk-full"])
    assert why in said
    assert of_alert("RootDiskFull") is None


def test_a_broken_one_is_named_beside_the_list_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, "disk-full", "print('hello'); raise SystemExit")
    listed = run("list", "--json")
    assert listed.exit_code == 0
    assert "leader-election" in [row["name"] for row in json.loads(listed.stdout)]
    assert "The runbook disk-full cannot be imported: SystemExit" in listed.stderr


def test_a_nodes_name_is_said_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    full = Disk(path="/d", free_bytes=1, total_bytes=100)
    document = tmp_path / "evidence.json"
    document.write_text(evidence(node("Node-A", names=("Node-A",), disk=known(full))).model_dump_json())
    said = run("try", "disk-full", "--evidence", str(document)).output
    assert said.startswith("Less than a tenth is free on Node-A.")


def test_what_it_prints_is_no_part_of_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = skeleton(tmp_path).replace("    low, unread = _low", "    print('hello')\n    low, unread = _low")
    installed(tmp_path, monkeypatch, "disk-full", f"{text}\nprint('hello')\n")
    tried = run("try", "disk-full", "--evidence", str(EVIDENCE), "--json")
    assert json.loads(tried.stdout)["findings"]
    assert "hello" in tried.stderr
    monkeypatch.setattr("bot.add_ons.RUNBOOKS", dict(RUNBOOKS))
    assert "disk-full" in [row["name"] for row in json.loads(run("list", "--json").stdout)]
    assert run("lint", "disk-full").stdout == "fine: disk-full, 2 causes, 0 remedies\n"


def test_one_that_ends_the_process_is_tried_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = skeleton(tmp_path).replace(
        "    low, unread = _low", "    raise SystemExit\n    low, unread = _low"
    )
    installed(tmp_path, monkeypatch, "disk-full", text)
    tried = run("try", "disk-full", "--evidence", str(EVIDENCE))
    assert (tried.exit_code, "the diagnosis failed (SystemExit)" in tried.output) == (0, True)


CHANGED = {
    "it judges differently each time": (
        'summary=f"{',
        "summary=f\"{globals().setdefault('_SEEN', []).append(1) or len(_SEEN)}{",
        "say the same",
    ),
    "a cause without a sentence": ('sentence="every disk has room"', 'sentence=" "', "has no sentence"),
    "a title that no telephone shows": ('title="Nothing found"', f'title="{"long " * 20}"', "1 to 60"),
    "an alert of somebody else's": ('frozenset({"RootDiskFull"})', 'frozenset({"NoLeader"})', "belongs to"),
    "it ends the process": (
        "    low, unread = _low",
        "    raise SystemExit(0)\n    low, unread = _low",
        "raises SystemExit on the evidence of a led cluster",
    ),
    "it raises": (
        "    low, unread = _low",
        "    raise KeyError\n    low, unread = _low",
        "raises KeyError on the evidence of a led cluster",
    ),
}


@pytest.mark.parametrize("wrong", CHANGED)
def test_lint_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    old, new, why = CHANGED[wrong]
    text = skeleton(tmp_path)
    assert old in text
    installed(tmp_path, monkeypatch, "disk-full", text.replace(old, new))
    linted = run("lint", "disk-full")
    assert linted.exit_code == 1
    assert why in linted.output


def test_what_is_not_installed_is_not_found_but_a_near_name_is_told() -> None:
    assert isinstance(run("try", "replication-lags").exception, Refused)
    assert "Did you mean replication-lag?" in str(run("try", "replication-lags").exception)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("Disk_Full", "--alert", "RootDiskFull"), "is no name for a runbook"),
        (("../x", "--alert", "RootDiskFull"), "is no name for a runbook"),
        (("disk-full", "--alert", "not an alert"), "is no alert name"),
        (("disk-full", "--alert", "NoLeader"), "belongs to the runbook leader-election"),
        (("leader-election", "--alert", "RootDiskFull"), "There is a runbook leader-election already"),
    ],
)
def test_new_refuses_and_writes_nothing(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    assert why in str(run("new", *arguments, "--into", str(tmp_path)).exception)
    assert list(tmp_path.iterdir()) == []


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    skeleton(tmp_path)
    again = run("new", "disk-full", "--alert", "RootDiskFull", "--into", str(tmp_path))
    assert "is there already; nothing was written" in str(again.exception)


@pytest.mark.process
def test_the_package_is_built_installed_and_its_own_tests_pass(tmp_path: Path) -> None:
    skeleton(tmp_path)
    package, site = tmp_path / "neumann-runbook-disk-full", tmp_path / "site"
    pip = ("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation")
    subprocess.run([sys.executable, *pip, "--target", str(site), str(package)], check=True)
    path = {"PYTHONPATH": str(site)}
    tests = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(package),
            str(package),
        ],
        env=path,
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout
    lint = subprocess.run(
        [sys.executable, "-m", "bot", "runbook", "lint", "disk-full"],
        env=path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.stdout == "fine: disk-full, 2 causes, 0 remedies\n", lint.stderr


def test_its_alert_is_routed_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    monkeypatch.setattr("bot.add_ons.RUNBOOKS", RUNBOOKS)
    assert add_ons.register(["disk-full"]) == ()
    try:
        found = of_alert("RootDiskFull")
        assert found is not None
        assert found.NAME == "disk-full"
    finally:
        del RUNBOOKS["disk-full"]


async def test_a_configuration_that_cannot_be_used_adds_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload that is refused says that nothing has changed."""
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    example = (Path(__file__).parents[4] / "deploy" / "neumann-bot.example.toml").read_text()
    config = tmp_path / "neumann-bot.toml"
    config.write_text(f'runbooks = ["disk-full"]\n{example}'.replace("/etc/neumann-bot", str(tmp_path)))
    with pytest.raises(ConfigurationError, match="slack-signing-secret"):
        await Shift.begin(load(config), frozenset({"web", "worker"}), DEFAULT_TIMING)
    assert add_ons.added() == ()
    assert add_ons.register(["disk-full", "leader-election"]) == ()
    assert add_ons.added() == ("disk-full",), "what is the bot's own was not added"


def test_whoever_asks_which_are_left_out_adds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, "disk-full", skeleton(tmp_path))
    asked = ["disk-full", "no-such", "leader-election"]
    assert add_ons.left_out(asked) == ("There is no runbook no-such, and no installed package offers one.",)
    assert add_ons.added() == ()
