"""The agent's own settings, read once at start from a TOML file."""

from __future__ import annotations

import base64
import binascii
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from nacl.signing import VerifyKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.errors import ConfigError


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port` or `[v6]:port`.

    Raises:
        ValueError: If there is no host or no port of 1..65535 in it.
    """
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('write it as "host:port"')
    return host, int(port)


def _address(address: str) -> str:
    split_address(address)
    return address


def _http_address(url: str) -> str:
    scheme, _, address = url.removesuffix("/").partition("://")
    try:
        split_address(address)
    except ValueError:
        scheme = ""
    if scheme != "http" or "/" in address or "@" in address:
        raise ValueError('write it as "http://host:port"')
    return f"http://{address}"


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("write an absolute path")
    return path


def _public_key(text: str) -> str:
    try:
        VerifyKey(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValueError("write an Ed25519 public key of 32 bytes as base64") from error
    return text


Address = Annotated[str, AfterValidator(_address)]
HttpAddress = Annotated[str, Field(pattern=r"^\S+$"), AfterValidator(_http_address)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
PublicKey = Annotated[str, AfterValidator(_public_key)]
# A name that ends up in an argv: it must not be able to look like an option.
Argument = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:@%-]*$")]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tls(_Section):
    """PEM files of the listener: its certificate and key, and whom it lets in.

    `authority` holds the certificates that clients must show themselves, or be signed by.
    """

    certificate: AbsolutePath
    key: AbsolutePath
    authority: AbsolutePath


class Grants(_Section):
    """The pinned Ed25519 public keys that may sign grants; more than one while keys are rotated.

    While there is none, the node is read and nothing is done to it.

    `second_verify_keys` sign for a second approver, and nothing else: a list of its own, so that two keys
    under rotation are not two people. While it is empty, what needs a second approver is refused.
    """

    verify_keys: tuple[PublicKey, ...] = ()
    second_verify_keys: tuple[PublicKey, ...] = ()

    @model_validator(mode="after")
    def _two_people(self) -> Grants:
        if set(self.pinned) & set(self.pinned_second):
            raise ValueError("a key of `second_verify_keys` must not be one of `verify_keys`")
        return self

    @property
    def pinned(self) -> tuple[VerifyKey, ...]:
        """The keys, parsed."""
        return tuple(VerifyKey(base64.b64decode(text)) for text in self.verify_keys)

    @property
    def pinned_second(self) -> tuple[VerifyKey, ...]:
        """The second approvers' keys, parsed."""
        return tuple(VerifyKey(base64.b64decode(text)) for text in self.second_verify_keys)


class Commands(_Section):
    """Where the four commands are; nothing else is ever run."""

    chronyc: AbsolutePath = Path("/usr/bin/chronyc")
    timedatectl: AbsolutePath = Path("/usr/bin/timedatectl")
    systemctl: AbsolutePath = Path("/usr/bin/systemctl")
    ping: AbsolutePath = Path("/usr/bin/ping")


class Peer(_Section):
    """Another node, as this one reaches it."""

    node: str = Field(min_length=1)
    raft: Address
    gossip: Address
    ping: Argument


class Deadlines(_Section):
    """Seconds per reading; `connects` is per single connect."""

    clock: Seconds = 2.0
    service: Seconds = 2.0
    log: Seconds = 2.0
    config: Seconds = 1.0
    disk: Seconds = 1.0
    metrics: Seconds = 2.0
    connects: Seconds = 1.0
    pings: Seconds = 3.0


class Limits(_Section):
    """What no grant can lift."""

    same_action_interval_s: float = Field(default=600.0, ge=0, allow_inf_nan=False)
    max_step_s: float = Field(default=1000.0, gt=0, le=1000, allow_inf_nan=False)
    second_approver_step_s: float = Field(default=10.0, gt=0, le=10, allow_inf_nan=False)
    nonce_life_s: float = Field(default=60.0, gt=0, le=600, allow_inf_nan=False)
    skew_threshold_ms: float = Field(default=500.0, gt=0, allow_inf_nan=False)


class Settings(_Section):
    """Everything an agent is told at start, each field once.

    `data_dir` is on the file system whose room is watched; `metrics_url` is where the node serves `/metrics`.
    """

    cluster: str = Field(min_length=1)
    node: str = Field(min_length=1)
    listen: Address
    state_dir: AbsolutePath
    config_file: AbsolutePath
    log_files: tuple[AbsolutePath, ...] = (Path("/var/log/neumann/tensor_chain.log"),)
    data_dir: AbsolutePath = Path("/var/lib/neumann")
    metrics_url: HttpAddress = "http://127.0.0.1:9090"
    service: Argument = "neumann"
    tls: Tls
    grants: Grants = Grants()
    commands: Commands = Commands()
    peers: tuple[Peer, ...] = ()
    deadlines: Deadlines = Deadlines()
    limits: Limits = Limits()


def load_settings(path: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        ConfigError: One sentence that names the file, the field and the mend.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give a readable file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML ({error}); correct that place.") from error
    return parse_settings(document, path)


def parse_settings(document: Mapping[str, object], path: Path) -> Settings:
    """Check what a settings file holds.

    Raises:
        ConfigError: One sentence that names the file, the field and the mend.
    """
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "missing":
            return f"the field `{field}` is missing; add it."
        case "extra_forbidden":
            return f"the field `{field}` is not known; remove it or correct its name."
        case _:
            message = problem["msg"].removeprefix("Value error, ").rstrip(".")
            return f"the field `{field}` is wrong: {message[0].lower()}{message[1:]}."
