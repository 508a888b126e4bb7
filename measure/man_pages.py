"""Write the manual pages from the command lines: `python -m measure.man_pages deploy/man`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from agent.cli import parser as agent_parser
from measure.command_pages import PROGRAM, CommandPage, pages

FILES = """\
.SH FILES
.TP
.I neumann-bot.toml
The configuration, or what NEUMANN_BOT_CONFIG names.
.SH ENVIRONMENT
.TP
.B NEUMANN_BOT_SECTION__KEY
Stands before the key of that section in the configuration.
.TP
.B NO_COLOR, TERM, COLUMNS
Colour and width of what is shown in a terminal; a pipe gets plain lines.
"""


def bot_page() -> str:
    """Return neumann-bot(1)."""
    head = (
        '.TH NEUMANN-BOT 1 "" "neumann-bot"\n.SH NAME\n'
        "neumann-bot \\- incident responder for Neumann clusters\n"
        ".SH SYNOPSIS\n.B neumann-bot\n.I COMMAND\n[OPTIONS]\n.SH COMMANDS\n"
    )
    return head + "".join(line for page in pages() for line in _command(page)) + FILES


def _command(page: CommandPage) -> Iterator[str]:
    yield f".SS {PROGRAM} {_roff(page.name)}\n{_roff(page.about)}\n"
    for each in page.parameters:
        beside = [f"[{each.variable}]"] if each.variable else []
        beside += [f"(default: {each.default})"] if each.default else []
        yield f".TP\n.B {_roff(each.written)}\n{_roff(' '.join((each.says, *beside)))}\n"
    if page.help.note:
        yield f".PP\n{_roff(page.help.note)}\n"
    yield ".PP\nExit codes:\n"
    yield from (f".TP\n.B {code}\n{_roff(meaning)}\n" for code, meaning in page.help.codes)
    yield ".PP\nExamples:\n.PP\n.nf\n"
    yield from (f"    {_roff(example)}\n" for example in page.help.examples)
    yield ".fi\n"


def agent_page() -> str:
    """Return neumann-agent(8), made of what its `--help` says."""
    parser = agent_parser()
    as_wide = partial(argparse.HelpFormatter, width=78)  # whatever COLUMNS says
    (commands,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    head = (
        '.TH NEUMANN-AGENT 8 "" "neumann-bot"\n.SH NAME\n'
        f"neumann-agent \\- {_roff(str(parser.description))}\n"
        ".SH SYNOPSIS\n.B neumann-agent\n.I COMMAND\n[OPTIONS]\n.SH COMMANDS\n"
    )
    parts = []
    for name, command in commands.choices.items():
        command.formatter_class = as_wide
        parts.append(f".SS neumann-agent {name}\n.nf\n{_roff(command.format_help())}.fi\n")
    return head + "".join(parts)


def _roff(text: str) -> str:
    """Return text in which nothing is an order to roff."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)


PAGES = {"neumann-bot.1": bot_page, "neumann-agent.8": agent_page}


def main(folder: str) -> None:
    """Write both pages into a folder."""
    for name, page in PAGES.items():
        (Path(folder) / name).write_text(page())


if __name__ == "__main__":
    main(*sys.argv[1:])
