"""The wire type of a certificate that an agent reads of its node."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from agent.protocol.base import Figure, Name, Wire

CertificateOrigin = Literal["served", "file"]


class Certificate(Wire, frozen=True, kw_only=True):
    """A certificate of the node for its Raft port, which nobody has verified.

    `origin` is whether the node `served` it in a handshake, or it is in the `file` that the node's
    configuration names. `names` are its subject's alternative names. Its dates are seconds since the epoch.
    """

    origin: CertificateOrigin
    subject: Name
    issuer: Name
    not_before_s: Figure
    not_after_s: Figure
    names: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
