"""What is redacted names nobody any more, and is judged as before."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from handlers.domain.evidence_document import parse
from handlers.domain.redaction import redacted
from runbooks import leader_election
from runbooks.evidence import Config, Evidence, Log
from tests.any_evidence import any_evidence
from tests.builders import dead, evidence, healthy, known, node, silent

DOCUMENTS = sorted((Path(__file__).parents[2] / "data" / "evidence").glob("*.json"))


def judged(read: Evidence) -> tuple[object, ...]:
    diagnosis = leader_election.diagnose(read)
    return diagnosis.can_elect, [(each.cause, each.verdict) for each in diagnosis.findings]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)
def test_it_is_judged_as_before(file: Path) -> None:
    read = parse(file.read_bytes(), file.name)
    assert judged(redacted(read)) == judged(read)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)
def test_no_name_and_no_address_of_it_is_left(file: Path) -> None:
    read = parse(file.read_bytes(), file.name)
    addresses = set(re.findall(r"\b(?:10|172|192\.168)\.\d+\.\d+\.\d+", read.model_dump_json()))
    shown = redacted(read).model_dump_json()
    assert [address for address in addresses if address in shown] == []
    own = [name for name in read.names if not re.fullmatch(r"node\d+", name)]
    assert [name for name in own if name in shown] == []


@pytest.mark.parametrize("seed", range(60))
def test_evidence_of_any_kind_can_be_redacted(seed: int) -> None:
    read = any_evidence(Random(seed))
    assert len(redacted(read).nodes) == len(read.nodes)


def named(*names: str) -> Evidence:
    """A cluster of nodes called so, which show what a host should keep to itself."""
    config = Config(
        path="/srv/acme-bank/config.toml",
        sha256="ab" * 32,
        peers=(f"{names[1].upper()}.acme.corp.:7878", "10.3.1.9:7878"),
    )
    lines = (
        f'12:00:00 WARN raft: handshake with {names[1]} (10.3.1.9:5123) of "ACME" failed, see /var/acme/log',
        "12:00:01 ERROR vault.acme.corp: ops@acme.corp 0123456789abcdef0123 fe80::1",
    )
    log = Log(path="/var/log/acme.log", window_s=60, bytes_read=9, counts={}, excerpts=lines)
    one = node(names[0], names=names, config=known(config, by=f"agent:{names[0]}"), log=known(log))
    return evidence(one, node(names[1], names=names), silent(names[2]))


def test_names_are_taken_out_of_every_text() -> None:
    shown = redacted(named("db-acme-1", "db-acme-2", "db-acme-3")).model_dump_json().lower()
    assert [
        word for word in ("acme", "10.3.1.9", "vault", "0123456789abcdef", "fe80", "srv") if word in shown
    ] == []


def test_the_words_of_a_log_line_and_its_time_stay() -> None:
    (line, _) = redacted(named("db-acme-1", "db-acme-2", "db-acme-3")).nodes[0].log.value.excerpts  # type: ignore[union-attr]
    assert line == "12:00:00 WARN raft: handshake with node2 (192.0.2.1:5123) of … failed, see …"


def test_one_address_is_called_the_same_everywhere() -> None:
    shown = redacted(named("db-acme-1", "db-acme-2", "db-acme-3")).nodes[0]
    assert shown.config.value
    assert shown.config.value.peers == ("node2.example:7878", "192.0.2.1:7878")


def test_a_text_that_is_not_known_is_left_out() -> None:
    shown = redacted(evidence(*healthy()[:2], dead("node3"))).nodes[2]
    assert (shown.metrics.missing, shown.metrics.kind) == (
        "left out",
        evidence(dead("node3")).nodes[0].metrics.kind,
    )
