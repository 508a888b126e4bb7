"""The agent's own settings, read once at start from a TOML file."""

from __future__ import annotations

import base64
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from nacl.signing import VerifyKey

from agent.addresses import CHECKS, Address, HttpAddress, PublicKey
from agent.errors import ConfigError
from shared.bounded_files import read_bounded_text

Name = Annotated[str, Meta(min_length=1)]
# A name that ends up in an argv: it must not be able to look like an option.
Argument = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.:@%-]*\Z")]
# A name of Kubernetes' that ends up in the path of a request (RFC 1123).
Resource = Annotated[str, Meta(pattern=r"\A[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?\Z")]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
_FINITE = sys.float_info.max


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Tls(_Section, frozen=True, kw_only=True):
    """PEM files of the listener: its certificate and key, and whom it lets in.

    `authority` holds the certificates that clients must show themselves, or be signed by.
    """

    certificate: Path
    key: Path
    authority: Path


class Grants(_Section, frozen=True, kw_only=True):
    """The pinned Ed25519 public keys that may sign grants; more than one while keys are rotated.

    While there is none, the node is read and nothing is done to it.

    `second_verify_keys` sign for a second approver, and nothing else: a list of its own, so that two keys
    under rotation are not two people. While it is empty, what needs a second approver is refused.
    """

    verify_keys: tuple[PublicKey, ...] = ()
    second_verify_keys: tuple[PublicKey, ...] = ()

    def __post_init__(self) -> None:
        if set(self.pinned) & set(self.pinned_second):
            raise ValueError("a key of `second_verify_keys` must not be one of `verify_keys`")

    @property
    def pinned(self) -> tuple[VerifyKey, ...]:
        """Return the keys, parsed."""
        return tuple(VerifyKey(base64.b64decode(text)) for text in self.verify_keys)

    @property
    def pinned_second(self) -> tuple[VerifyKey, ...]:
        """Return the second approvers' keys, parsed."""
        return tuple(VerifyKey(base64.b64decode(text)) for text in self.second_verify_keys)


class Commands(_Section, frozen=True, kw_only=True):
    """Where the commands are; nothing else is ever run. `ntpq` and `journalctl` are not needed everywhere.

    `neumann` is Neumann's own command line. Where it is left out, no leadership is handed on.
    """

    chronyc: Path = Path("/usr/bin/chronyc")
    ntpq: Path = Path("/usr/bin/ntpq")
    timedatectl: Path = Path("/usr/bin/timedatectl")
    systemctl: Path = Path("/usr/bin/systemctl")
    ping: Path = Path("/usr/bin/ping")
    journalctl: Path = Path("/usr/bin/journalctl")
    neumann: Path | None = None


class Peer(_Section, frozen=True, kw_only=True):
    """Another node, as this one reaches it."""

    node: Name
    raft: Address
    gossip: Address
    ping: Argument


class Deadlines(_Section, frozen=True, kw_only=True):
    """Seconds per reading; `connects` is per single connect."""

    clock: Seconds = 2.0
    service: Seconds = 2.0
    log: Seconds = 2.0
    config: Seconds = 1.0
    disk: Seconds = 1.0
    metrics: Seconds = 2.0
    connects: Seconds = 1.0
    pings: Seconds = 3.5
    certificates: Seconds = 1.0


class Limits(_Section, frozen=True, kw_only=True):
    """What no grant can lift."""

    same_action_interval_s: Annotated[float, Meta(ge=0, le=_FINITE)] = 600.0
    max_step_s: Annotated[float, Meta(gt=0, le=1000)] = 1000.0
    second_approver_step_s: Annotated[float, Meta(gt=0, le=10)] = 10.0
    nonce_life_s: Annotated[float, Meta(gt=0, le=60)] = 60.0
    skew_threshold_ms: Annotated[float, Meta(gt=0, le=_FINITE)] = 500.0
    stays_up_s: Annotated[float, Meta(ge=0, le=60)] = 3.0


class Kubernetes(_Section, frozen=True, kw_only=True):
    """The pod whose container Neumann is, and the one key of the one ConfigMap that holds its file.

    `service_account` is the folder of the agent's token, its namespace and the authority of the API server.
    """

    pod: Resource
    config_map: Resource
    config_key: Annotated[str, Meta(pattern=r"\A[-._a-zA-Z0-9]{1,253}\Z")]
    container: Resource = "neumann"
    api: Address = Address("kubernetes.default.svc:443")
    service_account: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    ready_within_s: Seconds = 120.0
    mounted_within_s: Seconds = 90.0


class Settings(_Section, frozen=True, kw_only=True):
    """Everything an agent is told at start, each field once.

    `data_dir` is on the file system whose room is watched; `metrics_url` is where the node serves `/metrics`.
    `log_unit` is the unit whose journal is read where none of `log_files` is there; by default `service`.
    With `kubernetes` the node is a pod, and `config_file` what its ConfigMap is mounted as.
    """

    cluster: Name
    node: Name
    listen: Address
    state_dir: Path
    config_file: Path
    log_files: tuple[Path, ...] = (Path("/var/log/neumann/tensor_chain.log"),)
    log_unit: Argument | None = None
    data_dir: Path = Path("/var/lib/neumann")
    metrics_url: HttpAddress = HttpAddress("http://127.0.0.1:9090")
    service: Argument = "neumann"
    tls: Tls
    grants: Grants = Grants()
    commands: Commands = Commands()
    peers: tuple[Peer, ...] = ()
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()
    kubernetes: Kubernetes | None = None

    @property
    def journal_unit(self) -> str:
        """Return the unit whose journal is Neumann's log, with its kind."""
        unit = self.log_unit or self.service
        return unit if unit.endswith((".service", ".scope", ".slice")) else f"{unit}.service"


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: One sentence that names the file, the field and the mend.
    """
    try:
        document = tomllib.loads(read_bounded_text(path))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give a readable file.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML ({error}); correct that place.") from error
    return parse_settings(document, path)


def parse_settings(document: Mapping[str, object], path: Path) -> Settings:
    """Check what a settings file holds.

    Raises:
        ConfigError: One sentence that names the file, the field and the mend.
    """
    try:
        return msgspec.convert(document, Settings, dec_hook=_checked)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_problem(str(error))}") from error


def _checked(kind: type, value: object) -> object:
    """Make what TOML has no type for."""
    if not isinstance(value, str):
        raise TypeError("write it as text")
    made: object = kind(CHECKS[kind](value))
    return made


_PROBLEM = re.compile(r"(?P<said>.*?)(?: - at `\$\.?(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)


def _problem(text: str) -> str:
    """Say what msgspec says, `Expected … - at `$.peers[0].raft``, in one sentence with the mend."""
    found = _PROBLEM.fullmatch(text)
    said, place = (found["said"], found["place"] or "") if found else (text, "")
    place = re.sub(r"\[(\d+)\]", r".\1", place).lstrip(".")
    if field := _FIELD.fullmatch(said):
        name = f"{place}.{field['name']}".lstrip(".")
        if field["what"] == "missing required":
            return f"the field `{name}` is missing; add it."
        return f"the field `{name}` is not known; remove it or correct its name."
    return f"the field `{place}` is wrong: {said[0].lower()}{said[1:]}."
