"""Runbooks in TOML files: what is wrong is said with its line and the mend, and costs only that runbook."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot import add_ons, declared_runbooks
from bot.cli.runbook.skeleton_files import write_declared
from bot.declared_runbooks import UnusableRunbook
from handlers.errors import Refused
from runbooks.all_runbooks import RUNBOOKS, of_alert


@pytest.fixture(autouse=True)
def only_the_bots_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test adds is taken away again."""
    own = dict(RUNBOOKS)
    for where in ("runbooks.all_runbooks", "bot.add_ons", "bot.cli.runbook.skeleton_files"):
        monkeypatch.setattr(f"{where}.RUNBOOKS", own)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file that `runbook new --toml` writes."""
    return write_declared("disk-full", "RootDiskFull", tmp_path)


def changed(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return file


WRONG = {
    "a reading that is none": ('show = ["disk",', 'show = ["dsk",', "show.0: names dsk, which is no reading"),
    "and what was meant": ('show = ["disk",', 'show = ["dsk",', "did you mean disk?"),
    "a key that is none": (
        "never =",
        "nevr =",
        "nevr: is not a key that the bot knows; did you mean `never`?",
    ),
    "three people": ("people = 2", "people = 3", "steps.1.people: is more than 2"),
    "no alert": ('alerts = ["RootDiskFull"]', "alerts = []", "match.alerts: has fewer than 1 entries"),
    "no title": ('title = "Disk full"\n', "", "title: is missing; add it"),
    "a link that is none": (
        'url = "https://grafana',
        'url = "javascript:grafana',
        "links.0.url: is not written",
    ),
    "too much for a thread": ("Say here", "long " * 1_550, "text, steps, links and queries have"),
    "a cluster's name that nothing quotes": (
        '{cluster="$cluster"}',
        "{cluster=$cluster}",
        "plots.0.query: has $cluster outside of double quotes",
    ),
    "no TOML": ("name =", "name ==", "is not TOML"),
}


SLOW = {
    "a dotted key": "a" + ".a" * 30_000 + " = 1\n",
    "keys that are none": "".join(f"k{number} = 1\n" for number in range(6_000)),
    "readings that are none": "show = [" + '"metrix", ' * 6_000 + "]\n",
    "tables that lack everything": "[[links]]\na = 1\n" * 3_500,
    "labels that are none": "[match.labels]\n" + "".join(f"'k {number}' = ''\n" for number in range(4_500)),
    "lists in lists": "a = " + "[" * 60_000,
    "more than a runbook has": "# and so on\n" * 10_000,
}


@pytest.mark.parametrize("what", SLOW)
def test_no_file_takes_long_to_be_refused(tmp_path: Path, what: str) -> None:
    file = tmp_path / "slow.toml"
    file.write_text(SLOW[what])
    before_s = time.process_time()
    with pytest.raises(Refused):
        declared_runbooks.read(file)
    assert time.process_time() - before_s < 1.0


def test_of_very_many_problems_the_first_are_said_and_how_many_more_there_are(tmp_path: Path) -> None:
    file = tmp_path / "slow.toml"
    file.write_text(SLOW["keys that are none"])
    with pytest.raises(UnusableRunbook) as refused:
        declared_runbooks.read(file)
    problems = refused.value.problems
    assert (len(problems), problems[-1].what) == (101, "has 5905 more problems")


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_place_and_the_mend(file: Path, what: str) -> None:
    old, new, why = WRONG[what]
    with pytest.raises(UnusableRunbook) as told:
        declared_runbooks.read(changed(file, old, new))
    assert why in str(told.value)
    assert str(told.value).startswith(str(file))


def test_the_line_is_told(file: Path) -> None:
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("people"))
    with pytest.raises(UnusableRunbook, match=f"disk-full.toml:{line}: steps.1.people"):
        declared_runbooks.read(changed(file, "people = 2", "people = 3"))


def test_a_file_is_used_where_its_path_is_named_and_read_anew_at_each_reload(file: Path) -> None:
    assert add_ons.register([str(file)]) == ()
    assert add_ons.added() == (str(file),), "as it stands in the configuration"
    changed(file, 'title = "Disk full"', 'title = "No room"')
    assert add_ons.register([str(file)]) == ()
    found = of_alert("RootDiskFull")
    assert found is not None
    assert found.TITLE == "No room"


def test_one_that_is_broken_by_then_leaves_what_it_was(file: Path) -> None:
    add_ons.register([str(file)])
    changed(file, "people = 2", "people = 3")
    (why,) = add_ons.register([str(file)])
    assert "steps.1.people" in why
    assert of_alert("RootDiskFull") is not None


def test_one_that_is_renamed_takes_the_place_of_what_it_was(file: Path) -> None:
    add_ons.register([str(file)])
    changed(file, 'name = "disk-full"', 'name = "no-room"')
    assert add_ons.register([str(file)]) == ()
    found = of_alert("RootDiskFull")
    assert found is not None
    assert found.NAME == "no-room"


def test_of_a_folder_each_is_used_and_a_broken_one_costs_no_other(file: Path) -> None:
    write_declared("memory-high", "SwapInUse", file.parent)
    changed(file, "people = 2", "people = 3")
    (why,) = add_ons.register([str(file.parent)])
    assert "disk-full.toml" in why
    assert of_alert("RootDiskFull") is None
    assert of_alert("SwapInUse") is not None
    assert add_ons.added() == (str(file.parent),)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("/no/such/file.toml", "cannot be read: No such file"),
        ("runbooks/disk.toml", "write its path in full"),
        ("/proc/self", "has no runbook"),
        ("backup-restor", "Did you mean backup-restore?"),
    ],
)
def test_what_is_not_there_is_said_to_be_so(entry: str, why: str) -> None:
    (said,) = add_ons.register([entry])
    assert why in said
    assert add_ons.added() == ()


def test_whoever_asks_which_are_left_out_adds_none(file: Path) -> None:
    assert add_ons.left_out([str(file)]) == ()
    assert add_ons.added() == ()


def test_the_alert_of_another_runbook_stays_its_own(file: Path) -> None:
    changed(file, "RootDiskFull", "NoLeader")
    (why,) = add_ons.register([str(file)])
    assert "The alert NoLeader belongs to leader-election already." in why


def test_new_overwrites_nothing(file: Path) -> None:
    with pytest.raises(Refused, match="is there already; nothing was written"):
        write_declared("disk-full", "RootDiskFull", file.parent)
