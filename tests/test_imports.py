"""Import rules beyond the linter's contracts: no circle at all, no clock in the domain, no foreign host."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "handlers", "runbooks", "agent", "shared", "lab")


def modules() -> dict[str, Path]:
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def imports(file: Path, known: dict[str, Path]) -> set[str]:
    """Every module of ours that a file imports, inside functions and under TYPE_CHECKING too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in names}
    return found & set(known)


def test_there_is_no_import_circle() -> None:
    known = modules()
    edges = {name: imports(file, known) - {name} for name, file in known.items()}
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"circle: {' -> '.join((*path, name))}"
        if name not in finished:
            for imported in edges[name]:
                visit(imported, (*path, name))
            finished.add(name)

    for name in known:
        visit(name, ())


def test_the_domain_of_the_handlers_awaits_nothing_and_reads_no_clock() -> None:
    clocks = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "sleep"}
    for file in (ROOT / "handlers" / "domain").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"{file}:{node.lineno} awaits"
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            assert name not in clocks, f"{file}: {name}() reads a clock"


def test_no_file_names_a_package_registrys_host() -> None:
    hosts = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.com", "npm" + "js.org")
    tracked = [
        file for pattern in ("*.md", "*.toml", "*.txt", "*.yml", "*.yaml") for file in ROOT.glob(pattern)
    ]
    tracked += [
        file for folder in ("deploy", "docs") for file in (ROOT / folder).rglob("*") if file.is_file()
    ]
    for file in tracked:
        text = file.read_bytes()
        assert not any(host.encode() in text for host in hosts), file
