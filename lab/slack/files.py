"""Files and canvases of the workspace."""

import mimetypes
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lab.slack.refusal import SlackRefusalError
from lab.slack.shapes import Json


@dataclass(frozen=True)
class File:
    """An uploaded file; nobody sees it before its upload is completed."""

    id: str
    name: str
    title: str
    alt_text: str
    announced_bytes: int
    user_id: str
    created_s: int
    content: bytes | None = None
    is_complete: bool = False

    @property
    def mimetype(self) -> str:
        """Guessed from the name, as Slack shows it."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def is_image(self) -> bool:
        """Return whether an image block may show it."""
        return self.mimetype in {"image/png", "image/jpeg", "image/gif"}

    def to_slack(self, url: str) -> Json:
        """Return the file object; `url` is the workspace's."""
        address = f"{url}/files/{self.id}/{self.name}"
        wire: Json = {
            "id": self.id,
            "created": self.created_s,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2],
            "user": self.user_id,
            "size": len(self.content or b""),
            "mode": "hosted",
            "url_private": address,
            "url_private_download": f"{address}?download=1",
            "permalink": address,
        }
        return wire | ({"alt_txt": self.alt_text} if self.alt_text else {})


@dataclass(frozen=True)
class Canvas:
    """A canvas: a document in Markdown.

    `access` is the level that was given, by the id of a channel or a user.
    """

    id: str
    title: str
    markdown: str
    access: Mapping[str, str] = field(default_factory=dict)


class Files:
    """Every file, by id, and the tickets at which its bytes are awaited."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._files: dict[str, File] = {}
        self._tickets: dict[str, str] = {}

    def announce(self, name: str, length: int, alt_text: str, user_id: str, now_s: int) -> tuple[File, str]:
        """Note a file to come; give it, and the last part of its upload URL."""
        file_id, ticket = f"F{secrets.token_hex(5).upper()}", secrets.token_urlsafe(24)
        file = File(file_id, name, name, alt_text, length, user_id, now_s)
        self._files[file_id] = file
        self._tickets[ticket] = file_id
        return file, ticket

    def receive(self, ticket: str, content: bytes) -> File:
        """Take the bytes, once; raises `SlackRefusalError` for a ticket unknown or used."""
        file_id = self._tickets.pop(ticket, None)
        if file_id is None:
            raise SlackRefusalError("file_not_found")
        self._files[file_id] = replace(self._files[file_id], content=content)
        return self._files[file_id]

    def complete(self, file_id: object, title: object) -> File:
        """Finish an upload; raises `SlackRefusalError` for a file without bytes, or finished before."""
        file = self._files.get(str(file_id))
        if file is None or file.content is None or file.is_complete:
            raise SlackRefusalError("file_not_found")
        done = replace(file, title=str(title or file.name), is_complete=True)
        self._files[file.id] = done
        self._on_change()
        return done

    def find(self, file_id: object) -> File:
        """Return a finished file; raises `SlackRefusalError("file_not_found")`."""
        file = self._files.get(str(file_id))
        if file is None or not file.is_complete:
            raise SlackRefusalError("file_not_found")
        return file
