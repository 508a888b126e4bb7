"""Where a link of a document leads on the site: to a page, or to a copy of the repository's file. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

_LINK = re.compile(r"(\]\(|\b(?:src|href)=\")([^)\s\"]+)")
_PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<path>[^)\s#]+)\.png\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#|//")

ROOT_PAGES: Mapping[str, str] = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "RELEASING.md": "releasing.md",
    "deploy/compose/README.md": "compose.md",
    "deploy/helm/neumann-bot/README.md": "helm.md",
}
"""Documents that lie beside docs/, and their pages; the README's place is taken by the home page."""


def on_site(path: str) -> str:
    """Return where a file of the repository is on the site."""
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}"


def targets(markdown: str, document: str) -> set[str]:
    """Return the files of the repository that a document at this path links to."""
    return {
        _repository_path(link, document) for _, link in _LINK.findall(markdown) if not _ELSEWHERE.match(link)
    }


def rewritten(markdown: str, document: str, has: Callable[[str], bool]) -> str:
    """Return a document whose links lead to the site's pages and copies.

    Args:
        markdown: The document.
        document: Its path in the repository.
        has: Whether the repository has such a file; what it has not stays as it is, and is complained of.
    """
    page = posixpath.dirname(on_site(document)) or "."

    def followed(found: re.Match[str]) -> str:
        before, link = found.groups()
        path, hash_, anchor = link.partition("#")
        if _ELSEWHERE.match(link) or not has(target := _repository_path(link, document)):
            return found[0]
        del path
        return f"{before}{posixpath.relpath(on_site(target), page)}{hash_}{anchor}"

    return _LINK.sub(followed, markdown)


def for_each_scheme(markdown: str, document: str, has: Callable[[str], bool]) -> str:
    """Return a document in which a picture of a light window has its dark one beside it, where there is one.

    The theme shows one of the two, by the site's own switch as well as by what the browser prefers.
    """

    def both(found: re.Match[str]) -> str:
        alt, path = found["alt"], found["path"]
        if not has(_repository_path(f"{path}-dark.png", document)):
            return found[0]
        return f"![{alt}]({path}.png#only-light)![{alt}]({path}-dark.png#only-dark)"

    return _PICTURE.sub(both, markdown)


def _repository_path(link: str, document: str) -> str:
    path = link.partition("#")[0]
    return posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
