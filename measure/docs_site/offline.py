"""Fail where a page of the built site would fetch something: `python -m measure.docs_site.offline site`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|next|prev))[^>]*\bhref=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\s\"')]+)"
)


def fetched(site: Path) -> Iterator[str]:
    """Yield each address that a page or a style sheet would fetch, with the file."""
    for file in sorted(each for each in site.rglob("*") if each.suffix in (".html", ".css", ".svg")):
        for found in _FETCHED.findall(file.read_text()):
            yield f"{file.relative_to(site)}: {next(filter(None, found))}"


if __name__ == "__main__":
    if found := list(fetched(Path(sys.argv[1]))):
        sys.exit("These pages need the net:\n" + "\n".join(found))
