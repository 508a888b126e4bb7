"""What MkDocs calls: adds the documents beside docs/ and the files they link to, and mends links to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from measure.docs_site import links

ROOT = Path(__file__).parents[2]
_BESIDE = {page: path for path, page in links.ROOT_PAGES.items() if page != "index.md"}


def on_files(files: Any, config: Any) -> Any:
    """Add the documents that do not lie in docs/, and a copy of each file that a page links to."""
    for page, path in _BESIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for page in list(files.documentation_pages()):
        document = _document(page.src_uri)
        for target in sorted(links.targets((ROOT / document).read_text(), document)):
            uri = links.on_site(target)
            if uri.startswith("files/") and (ROOT / target).is_file() and not files.get_file_from_path(uri):
                files.append(File.generated(config, uri, abs_src_path=str(ROOT / target)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Let links lead to pages and copies, and pictures follow the scheme.

    Diagrams stay text: what draws them would come from the net.
    """
    del config, files
    document = _document(page.file.src_uri)
    shown = links.for_each_scheme(markdown, document, _is_there)
    return links.rewritten(shown, document, _is_there).replace("```mermaid", "```text")


def _is_there(path: str) -> bool:
    return (ROOT / path).exists()


def _document(page: str) -> str:
    """Return where the document of a page lies in the repository."""
    return _BESIDE.get(page, f"docs/{page}")
