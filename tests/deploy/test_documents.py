"""What the documents name exists: links, make targets, commands, faults, events, files."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import agent.cli
import bot.cli.app
from bot.store import keys
from handlers.domain.events import Event
from lab.faults import FAULTS
from runbooks.all_runbooks import known_alerts
from tests.bot.incidents import quorum_loss
from tests.command_lines import parse

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")]
README = (ROOT / "README.md").read_text()
FOLDERS = ("agent", "bot", "deploy", "docs", "handlers", "lab", "runbooks", "shared", "tests")
NOT_OURS = re.compile(r"/work\b|/tmp\b|pypi|crates\.io|npmjs", re.IGNORECASE)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def relative_links(text: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            yield target.partition("#")[0]


def code(text: str) -> Iterator[str]:
    """Inline code and fenced blocks."""
    for fenced, inline in re.findall(r"^```.*?\n(.*?)^```|`([^`\n]+)`", text, re.MULTILINE | re.DOTALL):
        yield fenced or inline


def command_lines(text: str) -> Iterator[str]:
    """The lines of blocks that show commands."""
    for block in re.findall(r"^```sh.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from lines_of(block)


def lines_of(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    return [
        line.split("  # ")[0].strip() for line in joined.splitlines() if line and not line.startswith("#")
    ]


@each_document
def test_every_relative_link_leads_somewhere(document: Path):
    missing = [link for link in relative_links(document.read_text()) if not (document.parent / link).exists()]
    assert missing == []


@each_document
def test_every_file_that_is_named_exists(document: Path):
    names = {
        name
        for piece in code(document.read_text())
        for name in re.findall(rf"(?<![\w/.-])((?:{'|'.join(FOLDERS)})/[\w./-]*\w\.?\w*/?)", piece)
    }
    # A word in capitals stands for a name that the reader chooses.
    chosen = re.compile(r"[A-Z]{4,}")
    assert [name for name in sorted(names) if not chosen.search(name) and not (ROOT / name).exists()] == []


@each_document
def test_every_make_target_exists(document: Path):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name for piece in code(document.read_text()) for name in re.findall(r"\bmake ([a-z][a-z-]*)", piece)
    }
    assert named <= targets


@each_document
def test_every_command_exists(document: Path):
    ours = {command.callback.__name__ for command in bot.cli.app.app.registered_commands if command.callback}
    ours |= {str(group.name) for group in bot.cli.app.app.registered_groups}
    for program, commands in (("neumann-bot", ours), ("neumann-agent", set(agent.cli.COMMANDS))):
        named = {
            name
            for piece in code(document.read_text())
            for name in re.findall(rf"bin/{program} ([a-z]+)|^{program} ([a-z]+)", piece)
        }
        assert {one or other for one, other in named} <= commands


@each_document
def test_nothing_names_the_machine_it_was_written_on(document: Path):
    assert NOT_OURS.findall(document.read_text()) == []


@each_document
def test_every_command_line_is_taken_by_the_parser(document: Path):
    for line in command_lines(document.read_text()):
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if place and "/bin/" not in word:
                continue
            if word.endswith("neumann-bot"):
                parse(words[place + 1 :])
            elif word.endswith("neumann-agent"):
                agent.cli.parser().parse_args(words[place + 1 :])


@each_document
def test_what_no_test_runs_says_what_it_needs(document: Path):
    """A block is run here, is a target of CI's, or has a title that says what it needs."""
    for title, block in re.findall(r"^```sh(.*)\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL):
        if not title and document.parent.name != "reference":
            assert [line for line in lines_of(block) if not is_run(line)] == [], "say what it needs: title="


RUN_ELSEWHERE = (
    r"make [a-z-]+( ARGS=.*)?",  # by CI, by name
    r"\.venv/bin/neumann-bot demo --headless .*",  # tests/lab
    r"neumann-bot (runbook (new|lint)|demo) .*root-disk-full.*",  # tests/lab/test_own_runbook.py
    r"neumann-bot --install-completion",  # it writes into the home of who runs it
)


def is_run(line: str) -> bool:
    return (
        line in RUN_HERE
        or any(re.fullmatch(each, line) for each in RUN_ELSEWHERE)
        or bool(re.fullmatch(r"_NEUMANN_BOT_COMPLETE=source_(bash|zsh|fish) neumann-bot", line))
    )


RUN_HERE = (
    "neumann-bot diagnose --evidence evidence.json --json",
    "neumann-bot diagnose monday.json tuesday.json",
    "neumann-bot plan --remedy start_nodes --evidence evidence.json",
    ".venv/bin/neumann-bot diagnose tests/data/evidence/37-seeds-healthy.json",
    ".venv/bin/neumann-bot diagnose tests/data/evidence/08-start-offered-on-full-disks.json",
)


@pytest.mark.process
def test_the_commands_that_need_no_cluster_do_what_they_say(tmp_path: Path):
    shown = {line for document in DOCUMENTS for line in command_lines(document.read_text())}
    for name in ("evidence", "monday", "tuesday"):
        (tmp_path / f"{name}.json").write_text(quorum_loss().model_dump_json())
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    for line in RUN_HERE:
        assert line in shown
        words = [sys.executable, "-m", "bot", *shlex.split(line)[1:]]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), line
        assert done.stdout


@pytest.mark.process
@pytest.mark.parametrize(
    ("shell", "says"), [("bash", b"complete -o"), ("zsh", b"#compdef"), ("fish", b"complete --command")]
)
def test_completion_is_printed_for_each_shell(shell: str, says: bytes):
    program = Path(sys.executable).with_name("neumann-bot")
    environment = os.environ | {"_NEUMANN_BOT_COMPLETE": f"source_{shell}"}
    done = subprocess.run([program], env=environment, capture_output=True, timeout=60, check=False)
    assert says in done.stdout


def test_the_readme_shows_every_fault_and_every_alert_of_the_runbook():
    assert set(re.findall(r"^\| `([a-z][a-z-]+)` \|", README, re.MULTILINE)) == set(FAULTS)
    for alert in known_alerts():
        assert f"`{alert}`" in README


def test_the_architecture_lists_every_event():
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("## Events of a timeline")[1].split("\n## ")[0]
    union = get_args(get_args(Event)[0])
    kinds = {event.model_fields["kind"].default for event in union}
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == kinds


def test_the_architecture_lists_every_key_in_redis():
    document = keys.DOCUMENT.read_text()
    assert keys.BEGIN in document
    assert keys.with_table(document) == document, "make keys"


def test_no_other_module_makes_a_key_of_redis():
    made = re.compile(r"prefix\}:|prefix \+|\(prefix,\)")
    source = {path: path.read_text() for path in (ROOT / "bot").rglob("*.py") if path.name != "keys.py"}
    assert [str(path.relative_to(ROOT)) for path, text in source.items() if made.search(text)] == []


def test_the_operators_page_lists_every_log_event_and_every_metric():
    page = (ROOT / "docs" / "operate.md").read_text()
    files = (path for folder in ("bot", "handlers") for path in (ROOT / folder).rglob("*.py"))
    source = "".join(path.read_text() for path in files)
    events = set(re.findall(r"\blog\.(?:info|warning|error|exception)\(\s*\"([a-z0-9_]+)\"", source))
    assert len(events) > 30
    rows = re.findall(r"^\| (`[^|]+) \|", page.split("## Log lines")[1], re.MULTILINE)
    listed = {event for row in rows for event in re.findall(r"`([a-z_]+)`", row)} - {"event"}
    assert sorted(events - listed) == []
    assert sorted(event for event in listed if f'"{event}"' not in source) == []
    gauges = {f"neumann_bot_{name}" for name in re.findall(r"_gauge\(\s*\"(\w+)\"", source)}
    assert gauges
    assert sorted(name for name in gauges if name not in page) == []
