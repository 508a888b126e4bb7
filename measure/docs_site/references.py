"""Write docs/reference/ from the code: commands, configuration keys, causes with their evidence, alerts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.config import Settings
from bot.config.problems import ENV_DELIMITER, ENV_PREFIX
from measure.command_pages import PROGRAM, pages
from runbooks.all_runbooks import RUNBOOKS
from runbooks.evidence import Evidence
from runbooks.model import Runbook, Verdict

RULES = ("deploy/prometheus/neumann.rules.yml", "deploy/prometheus/neumann-bot.rules.yml")
ROOT = Path(__file__).parents[2]


def commands() -> str:
    """Return the page of every command."""
    head = ("# Commands", "", "Made of the command line itself; `man neumann-bot` says the same.")
    return "\n".join([*head, *_commands(), ""])


def _commands() -> Iterator[str]:
    for page in pages():
        yield f"\n## {PROGRAM} {page.name}\n\n{page.about}\n"
        yield from ("| takes | which is | default |", "|---|---|---|")
        for each in page.parameters:
            variable = f" (`{each.variable}`)" if each.variable else ""
            default = f"`{each.default}`" if each.default else ""
            yield f"| `{_cell(each.written)}` | {_cell(each.says)}{variable} | {default} |"
        yield from ("", page.help.note) if page.help.note else ()
        yield from ("", "| exit code | means |", "|---|---|")
        yield from (f"| {code} | {_cell(meaning)} |" for code, meaning in page.help.codes)
        yield from ("", "```sh", *page.help.examples, "```")


def configuration() -> str:
    """Return the page of every key of the bot's configuration, from its JSON schema."""
    schema = Settings.model_json_schema()
    head = """# Configuration keys

Made of [the JSON schema](../neumann-bot.schema.json), which lets an editor complete and check the file.
[The example](../../deploy/neumann-bot.example.toml) has every key with what it is for.
"""
    variables = f"An environment variable goes before the file: `{ENV_PREFIX}SECTION{ENV_DELIMITER}KEY`.\n"
    return head + variables + "\n".join(_sections(schema, schema, ""))


def _sections(schema: Mapping[str, Any], model: Mapping[str, Any], path: str) -> Iterator[str]:
    inner: list[tuple[str, Mapping[str, Any]]] = []
    rows = []
    for name, field in model["properties"].items():
        found, is_list = _model_in(schema, field)
        if found is None or set(found["properties"]) == {"file"}:
            required = "yes" if name in model.get("required", ()) else ""
            kind = "a file that holds the secret" if found else _kind(field)
            rows.append(f"| `{name}` | {kind} | {_default(field)} | {required} |")
        else:
            inner.append((f"[[{path}{name}]]" if is_list else f"[{path}{name}]", found))
    if rows:
        yield from ("", "| key | takes | default | required |", "|---|---|---|---|", *rows, "")
    for heading, found in inner:
        about = str(found.get("description", "")).replace("\n", " ")
        yield f"\n## `{heading}`\n\n{about}\n"
        yield from _sections(schema, found, f"{heading.strip('[]')}.")


def _model_in(schema: Mapping[str, Any], field: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
    """Return the section that a key holds, and whether it holds several."""
    for each in (field, *field.get("anyOf", ())):
        if "$ref" in each:
            found = schema["$defs"][each["$ref"].rpartition("/")[2]]
            return (found, False) if "properties" in found else (None, False)
        if each.get("type") == "array" and "$ref" in each.get("items", {}):
            found, _ = _model_in(schema, each["items"])
            return found, True
    return None, False


def _kind(field: Mapping[str, Any]) -> str:
    kinds = [each for each in (field, *field.get("anyOf", ())) if each.get("type") not in (None, "null")]
    words = []
    for each in kinds:
        if each["type"] == "array":
            words.append(f"a list of {each.get('items', {}).get('type', 'value')}s")
            continue
        limits = [f"{sign} {each[name]:g}" for name, sign in _LIMITS.items() if name in each]
        allowed = [f"`{value}`" for value in each.get("enum", ())]
        words.append(" ".join([_TYPES.get(each["type"], each["type"]), *limits, *allowed]))
    return _cell(", ".join(words))


_LIMITS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
_TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}


def _default(field: Mapping[str, Any]) -> str:
    found = field.get("default")
    return "" if found in (None, "", [], {}) else f"`{_cell(str(found))}`"


def causes() -> str:
    """Return the page of what each runbook can say, do and go by, from its rows."""
    parts = ["# Causes, remedies, readings\n"]
    parts.append("Made of the runbooks' own rows; [causes](../causes.md) says what each is judged on.")
    for book in RUNBOOKS.values():
        parts += _runbook(book)
    verdicts = ", ".join(f"`{each.value}`" for each in Verdict)
    parts.append(f"\n## How sure\n\n{verdicts}: see [how sure](../causes.md#how-sure).")
    return "\n".join([*parts, *_readings(), ""])


def _runbook(book: Runbook) -> Iterator[str]:
    alerts_of = ", ".join(f"`{each}`" for each in sorted(book.ALERTS))
    yield f"\n## {book.TITLE}\n\nAlerts: {alerts_of}. [Its page]({book.URL}).\n"
    yield from ("| cause | called | what people do by hand |", "|---|---|---|")
    for cause in book.CAUSES.values():
        yield f"| `{cause.word}` | {_cell(cause.title)} | {_cell(cause.by_hand)} |"
    yield "\n### What the bot offers\n"
    yield from ("| remedy | button | risk | undo | looked at before each node |", "|---|---|---|---|---|")
    for each in book.REMEDIES.values():
        cells = (f"`{each.name}`", *map(_cell, (each.button, each.risk, each.undo, each.check)))
        yield f"| {' | '.join(cells)} |"


def _readings() -> Iterator[str]:
    schema = Evidence.model_json_schema()
    yield "\n## What is read of a node\n"
    yield "Made of [the schema of an evidence document](../evidence.schema.json).\n"
    yield from ("| reading | holds |", "|---|---|")
    for name, field in schema["$defs"]["NodeEvidence"]["properties"].items():
        if reading := _named(schema, field):
            value = reading["properties"]["value"]
            listed = next((each["items"] for each in value["anyOf"] if each.get("type") == "array"), None)
            held = _named(schema, listed or value) or {}
            each = "for each other node: " if listed else ""
            yield f"| `{name}` | {each}{_cell(held.get('description', ''))} |"


def _named(schema: Mapping[str, Any], field: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the definition that a field refers to."""
    names = (each["$ref"].rpartition("/")[2] for each in (field, *field.get("anyOf", ())) if "$ref" in each)
    return next((schema["$defs"][name] for name in names), None)


def alerts() -> str:
    """Return the page of every alert rule that is shipped: what it means, and what to do."""
    parts = [
        "# Alerts\n",
        "Made of the shipped rules, those about clusters first, then those about the bot.",
    ]
    parts.append("Route the latter past the bot.")
    for file in RULES:
        parts.append(f"\n## [{Path(file).name}](../../{file})\n")
        for group in yaml.safe_load((ROOT / file).read_text())["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    parts.append(_alert(rule))
    return "\n".join(parts)


def _alert(rule: Mapping[str, Any]) -> str:
    notes, severity = rule.get("annotations", {}), rule.get("labels", {}).get("severity", "none")
    summary, description = (" ".join(str(notes.get(name, "")).split()) for name in ("summary", "description"))
    description = re.sub(r"\{\{ \$(?:labels\.)?(\w+) \}\}", r"[\1]", description)
    summary = re.sub(r"\{\{ \$(?:labels\.)?(\w+) \}\}", r"[\1]", summary)
    lasts = f", after {rule['for']}" if rule.get("for", "0s") != "0s" else ""
    head = f"### {rule['alert']}\n\n**{summary}** ({severity}{lasts}). {description}"
    return f"{head}\n\n```\n{str(rule['expr']).strip()}\n```\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "configuration.md": configuration,
    "causes.md": causes,
    "alerts.md": alerts,
}
FOLDER = ROOT / "docs" / "reference"


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())


if __name__ == "__main__":
    main()
