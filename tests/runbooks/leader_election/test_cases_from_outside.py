"""Evidence that did not come from our own model of a cluster, with the right value beside each document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from runbooks import leader_election
from runbooks.evidence import Evidence
from runbooks.leader_election.causes import RootCause as Cause
from runbooks.model import CanElect, Diagnosis, Verdict

FOLDER = Path(__file__).parents[2] / "data" / "evidence"


@dataclass(frozen=True)
class Right:
    """What may be said of one document.

    Args:
        sure: The causes that are claimed, confirmed or likely; all of them and no other.
        can_elect: What may be answered.
        offered: The remedies that have a button, each with the nodes it acts on.
        says: Words that must stand somewhere in the evidence, the reasons or the summary.
        never: Words that must stand nowhere there.
        confirmed: Causes that must be confirmed.
    """

    sure: frozenset[str]
    can_elect: tuple[CanElect, ...]
    offered: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    confirmed: frozenset[str] = frozenset()
    undetermined: frozenset[str] = frozenset()


def right(
    *sure: Cause,
    can: tuple[CanElect, ...],
    offers: dict[str, str] | None = None,
    says: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
    confirmed: tuple[Cause, ...] = (),
    undetermined: tuple[Cause, ...] = (),
) -> Right:
    buttons = frozenset((name, tuple(nodes.split())) for name, nodes in (offers or {}).items())
    return Right(frozenset(sure), can, buttons, says, never, frozenset(confirmed), frozenset(undetermined))


YES: tuple[CanElect, ...] = ("yes",)
NO: tuple[CanElect, ...] = ("no",)
OPEN: tuple[CanElect, ...] = ("undetermined",)
NOT_NO: tuple[CanElect, ...] = ("yes", "undetermined")
NOT_YES: tuple[CanElect, ...] = ("no", "undetermined")
ALL3 = "node1 node2 node3"
STONES = "amber basalt cobalt"

CASES: dict[str, Right] = {
    "01a": right(can=YES, says=("history",)),
    "01b": right(
        Cause.NETWORK_PARTITION, can=NO, confirmed=(Cause.NETWORK_PARTITION,), says=("3 days ago: history",)
    ),
    "01c": right(Cause.ALERT_STALE, can=YES, says=("25 h 00 min ago: history",)),
    "02a": right(
        Cause.CLOCK_SKEW, can=NO, offers={"clock_sync": "node2 node3"}, confirmed=(Cause.CLOCK_SKEW,)
    ),
    "02b": right(Cause.AGGRESSIVE_TIMEOUTS, can=YES, offers={"config_bump": ALL3}),
    "04a": right(can=OPEN, undetermined=(Cause.CLOCK_SKEW,), says=("gossip", "follows no source")),
    "04b": right(can=OPEN, undetermined=(Cause.CLOCK_SKEW,)),
    "04c": right(can=OPEN, says=("node1 and node3 are 1020 ms apart",), never=("node1 and node2 are",)),
    "05": right(Cause.QUORUM_LOSS, can=NO, says=("serves nothing yet",)),
    "06": right(
        Cause.QUORUM_LOSS,
        Cause.CLOCK_SKEW,
        can=NO,
        offers={"start_nodes": "node1", "clock_sync": "node2"},
        never=("contradicts",),
    ),
    "07": right(Cause.QUORUM_LOSS, can=NOT_YES, offers={"start_nodes": "node1"}),
    "08": right(Cause.QUORUM_LOSS, Cause.STORAGE_FULL, can=NO, says=("Make room on node1 and node2 first",)),
    "09a": right(can=YES),
    "09b": right(Cause.PEER_LIST_WRONG, can=NO, says=("node2:7979",)),
    "10a": right(Cause.DUPLICATE_ID, can=NOT_YES, says=("25 handshakes",)),
    "10c": right(Cause.VERSION_MISMATCH, can=NOT_YES, says=("40 handshakes",)),
    "11": right(
        Cause.AGGRESSIVE_TIMEOUTS,
        can=YES,
        offers={"config_bump": ALL3},
        says=("heard every 200 ms", "150 ms"),
    ),
    "12a": right(Cause.NETWORK_PARTITION, can=NO, confirmed=(Cause.NETWORK_PARTITION,)),
    "13": right(Cause.CLOCK_SKEW, can=NO, says=("By hand", "1 h 00 min", "16 min 40 s"), never=("3600001",)),
    "15": right(Cause.PROCESS_HUNG, can=NO),
    "17": right(Cause.QUORUM_LOSS, can=NO, offers={"start_nodes": "node1 node2"}),
    "18": right(Cause.AGGRESSIVE_TIMEOUTS, can=YES, never=("elections follow each other",)),
    "20": right(Cause.ALERT_STALE, can=YES),
    "21": right(can=NOT_NO),
    "30": right(can=OPEN, undetermined=(Cause.CLOCK_SKEW,), says=("gossip",)),
    "31": right(Cause.NAMES_UNRESOLVED, can=NO, says=("DNS",), never=("firewall",)),
    "32": right(can=OPEN, says=("each hold 2 running peers failed",)),
    "33": right(Cause.AGGRESSIVE_TIMEOUTS, can=YES, offers={"config_bump": STONES}),
    "34": right(can=NOT_NO),
    "35": right(
        Cause.QUORUM_LOSS,
        Cause.TLS_FAILURE,
        can=NO,
        offers={"start_nodes": "basalt"},
        says=("both ends log a failure",),
    ),
    "36": right(Cause.ALERT_STALE, can=YES, says=("have cobalt at one end",)),
    "37": right(Cause.ALERT_STALE, can=YES),
    "38": right(Cause.QUORUM_LOSS, can=NO, offers={"start_nodes": "cobalt dolomit eisen"}),
    "39": right(Cause.TOO_MANY_FILES, can=NOT_YES, says=("600 accepts failed",)),
    "40": right(
        Cause.AGGRESSIVE_TIMEOUTS, can=YES, offers={"config_bump": STONES}, says=("documented default",)
    ),
    "41": right(Cause.STORAGE_FULL, can=NO, says=("inodes",)),
    "42": right(can=OPEN, undetermined=(Cause.CLOCK_SKEW,), says=("gossip", "follows no source")),
}
"""The first part of a file's name → what is right."""


def _read(number: str) -> Evidence:
    (path,) = FOLDER.glob(f"{number}-*.json")
    return Evidence.model_validate_json(path.read_bytes())


def _words(diagnosis: Diagnosis) -> str:
    lines = [diagnosis.summary, diagnosis.can_elect_reason]
    for finding in diagnosis.findings:
        lines += [*finding.evidence_for, *finding.evidence_against, finding.would_decide or ""]
        lines += [remedy.reason for remedy in finding.remedies]
    return "\n".join(lines)


@pytest.mark.parametrize(("number", "expected"), CASES.items(), ids=CASES)
def test_what_is_claimed_and_offered_is_right(number: str, expected: Right) -> None:
    diagnosis = leader_election.diagnose(_read(number))
    verdict = {finding.cause: finding.verdict for finding in diagnosis.findings}
    claimed = {cause for cause, how in verdict.items() if how in (Verdict.CONFIRMED, Verdict.LIKELY)}
    offered = {(remedy.name, tuple(sorted(remedy.nodes))) for remedy in diagnosis.offers}
    assert claimed == expected.sure
    assert diagnosis.can_elect in expected.can_elect
    assert offered == expected.offered
    assert {verdict[cause] for cause in expected.confirmed} <= {Verdict.CONFIRMED}
    assert {verdict[cause] for cause in expected.undetermined} <= {Verdict.UNDETERMINED}


@pytest.mark.parametrize("number", CASES)
def test_no_remedy_is_said_to_be_useless_against_what_may_be_the_cause(number: str) -> None:
    findings = leader_election.diagnose(_read(number)).findings
    open_ = [finding for finding in findings if finding.verdict is not Verdict.RULED_OUT]
    assert [
        remedy.reason for each in open_ for remedy in each.remedies if "would not help" in remedy.reason
    ] == []


@pytest.mark.parametrize(("number", "expected"), CASES.items(), ids=CASES)
def test_what_was_seen_is_told(number: str, expected: Right) -> None:
    words = _words(leader_election.diagnose(_read(number)))
    assert [word for word in expected.says if word not in words] == []
    assert [word for word in expected.never if word in words] == []


def test_every_document_of_the_folder_has_its_right_value() -> None:
    assert {path.name.partition("-")[0] for path in FOLDER.glob("*.json")} == set(CASES)
