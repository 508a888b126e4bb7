"""What is redacted names nobody any more, and is judged as before."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from pathlib import Path
from random import Random

import pytest

from agent.readings import log_events
from handlers.domain.evidence.document import parse
from handlers.domain.evidence.redaction import redacted
from runbooks import leader_election
from runbooks.evidence import Config, Evidence, Health, Log
from runbooks.leader_election.denials import certificate, file, handshake, storage
from runbooks.log_words import LOG_EVENTS
from tests.any_evidence import any_evidence
from tests.builders import dead, evidence, healthy, known, node, silent

DOCUMENTS = sorted((Path(__file__).parents[3] / "data" / "evidence").glob("*.json"))


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
    assert line == "12:00:00 WARN … handshake with node2 (192.0.2.1… failed…"


LEAKS = (
    "raft: cannot reach fe80::1234:5678%ens192:7878 (timeout)",
    "MAC 00:1a:2b:3c:4d:5e of gateway dbmaster.internal, resolve secretdb01",
    "PROD-DB-A is sad, user='jane doe' token=hunter2pass QWNtZUJhbmtTZWNyZXQ=",
    "https://user:pw@vault.corp/secret C:\\Users\\jane\\neumann.toml ip-172-31-5-9 lost",
    "tls: CN=db-secret,O=AcmeBank arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc",
    "10.1.2.3.4 odd 172.16.9.8_x v172.16.9.8 xn--bcher-kva.de 'single quoted' ACMEBANK_TOKEN=ab12cd34",
)
SECRETS = (
    *("ens192", "1234:5678", "00:1a:2b", "gateway", "dbmaster", "secretdb01", "prod-db", "jane", "hunter2"),
    *("qwntz", "pw@", "vault", "172-31", "db-secret", "acme", "123456789012", "10.1.2", "172.16", "xn--"),
    *("single", "ab12cd34", "corp"),
)


def leaky() -> Evidence:
    """A node whose free texts all name something."""
    log = Log(path="/l", window_s=60, bytes_read=9, counts={"tls_failed": 3, "acme-x": 1}, excerpts=LEAKS)
    first = node("Prod-DB-A.corp", names=("Prod-DB-A.corp", "b", "c"), log=known(log, by="agent.acme"))
    service, clock = first.service.value, first.clock.value
    assert service and clock
    first = first.model_copy(
        update={
            "health": known(Health(status="healthy on vault"), by="acme:b"),
            "service": known(service.model_copy(update={"load": "unit acme", "result": "acme exit"})),
            "clock": known(clock.model_copy(update={"source": "local-ntp.acme.corp"})),
        }
    )
    return evidence(first, silent("b"), silent("c"))


def listing(names: tuple[str, ...], *entries: str) -> Evidence:
    """A cluster each of whose nodes has this peer list, of the others."""
    whole = []
    for place, name in enumerate(names):
        others = tuple(each for n, each in enumerate(entries) if n != place)
        config = Config(path="/c", sha256="ab" * 32, peers=others)
        whole.append(node(name, names=names, config=known(config, by=f"agent:{name}")))
    return evidence(*whole)


FORMS = {
    "short names": (("a", "b", "c"), ("a:7878", "b:7878", "c:7878")),
    "names with a port": (("a:1", "b:1", "c:1"), ("a:1", "b:1", "c:1")),
    "names with a port, and ids": (
        ("a:1", "b:1", "c:1"),
        ("a:1=10.0.0.1:7", "b:1=10.0.0.2:7", "c:1=10.0.0.3:7"),
    ),
    "a name that is another's id": (("a", "b", "c"), ("b=c:7", "c=a:7", "a=b:7")),
    "a name that is another's host": (("a", "b", "c"), ("a=b:7", "b=c:7", "c=a:7")),
    "names that differ in case": (("Node", "node", "c"), ("Node:7", "node:7", "c:7")),
    "a short and a full one": (("db", "db.corp", "c"), ("db:7", "db.corp:7", "c:7")),
    "first labels alike": (("db.x", "db.y", "c"), ("db.x:7", "db.y:7", "c:7")),
    "labels alike, other domains": (("db.x", "db.y", "c"), ("db.z:7", "db.y:7", "c:7")),
    "addresses for names": (("10.0.0.1", "10.0.0.2", "c"), ("10.0.0.1:7", "10.0.0.2:7", "c:7")),
    "IPv6 for names": (("::1", "fd00::2", "c"), ("[::1]:7", "[fd00::2]:7", "c:7")),
    "ids that are addresses": (("a", "b", "c"), ("10.0.0.1=a:7", "b:7", "c:7")),
    "ids of no member": (("a", "b", "c"), ("x=10.0.0.1:7", "b=10.0.0.2:7", "c=10.0.0.3:7")),
    "a name like a renamed one": (("node2", "node1", "c"), ("node2:7", "node1:7", "c:7")),
}


BY_NAME = Config(path="/c", sha256="ab" * 32)
STRANGE: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    "addresses among the names": (
        ("a", "a.y", "10.0.0.2"),
        (("a.y:9", "a=[fd00::1]:9"), ("10.0.0.2:7", "a:7", "10.0.0.2:9"), ("a.y=10.0.0.2:7", "a=10.0.0.2:7")),
    ),
    "a stranger's plain name": (
        ("10.0.0.1", "b", "c"),
        (("b:7878", "b:7878"), ("c:7878", "b:7878"), ("x:7878", "x:9")),
    ),
    "a label that two members share": (
        ("Node1", "a.x", "a.y"),
        (("a.z:7878", "b:7878"), ("Node1=x.a:7878", "a.y:7878"), ("a.x:7878", "Node1:7878")),
    ),
    "a tie between members out of order": (
        ("a", "x", "node2"),
        (("a=q:7878", "d", "d"), ("d:7878", "node2"), ("x=node2", "node2=d:7878")),
    ),
}


@pytest.mark.parametrize("case", STRANGE)
def test_strange_peer_lists_are_judged_as_before(case: str) -> None:
    names, lists = STRANGE[case]
    read = evidence(
        *(
            node(name, names=names, config=known(BY_NAME.model_copy(update={"peers": peers})))
            for name, peers in zip(names, lists, strict=True)
        )
    )
    assert judged(redacted(read)) == judged(read)


@pytest.mark.parametrize("form", FORMS)
def test_a_peer_list_of_any_form_is_judged_as_before(form: str) -> None:
    names, entries = FORMS[form]
    read = listing(names, *entries)
    assert judged(redacted(read)) == judged(read)


def test_no_free_text_names_anything() -> None:
    shown = redacted(leaky()).model_dump_json().lower()
    assert [secret for secret in SECRETS if secret in shown] == []
    assert redacted(leaky()).nodes[0].log.value.counts == {"tls_failed": 3, "other1": 1}  # type: ignore[union-attr]


def test_what_agents_count_is_known() -> None:
    assert log_events.LOG_EVENTS.keys() == LOG_EVENTS


@pytest.mark.parametrize(
    "line",
    [
        "WAL persist failed after 3 tries: (os error 28)",
        "Accept error: Too many open files (os error 24)",
        "InvalidCertificate(NotValidForName)",
        "x509: certificate is not valid for name acme.corp",
        "Hostname mismatch",
        "TLS handshake failed: connection reset by peer",
        "TLS handshake failed: unexpected EOF",
        "unsupported protocol version 3",
        "peer ID mismatch: expected acme, got bank",
    ],
)
def test_the_words_that_rules_go_by_stay(line: str) -> None:
    read = evidence(node("node1", log=known(_logs(f"acme-x: {line}"))))
    (shown,) = redacted(read).nodes[0].log.value.excerpts  # type: ignore[union-attr]
    for rule in RULES:
        assert bool(rule.search(shown)) == bool(rule.search(line)), rule.pattern


RULES = (
    *(file._NO_FILES, storage._WAL_LINE, storage._WAL_ERRNO, certificate._OF_NAMES, handshake._CLOSED),
    *handshake._LINES.values(),
)


def _logs(*lines: str) -> Log:
    return Log(path="/l", window_s=60, bytes_read=9, counts={}, excerpts=lines)


def test_each_of_many_addresses_has_one_of_its_own_that_is_one() -> None:
    config = Config(
        path="/c", sha256="ab" * 32, peers=tuple(f"10.0.{n // 250}.{n % 250}:7" for n in range(900))
    )
    (shown, *_) = redacted(evidence(node("node1", config=known(config)))).nodes
    assert shown.config.value
    addresses = {IPv4Address(peer.removesuffix(":7")) for peer in shown.config.value.peers}
    assert len(addresses) == 900
    assert all(address.is_private for address in addresses), "none of them is anybody's"


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
