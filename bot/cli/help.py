"""What `--help` says below the options: examples, and what each exit code means. The man page has it too."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

import typer

from bot.declared_runbooks import shipped
from runbooks.all_runbooks import ELECTION, RUNBOOKS
from runbooks.wording import listed

USAGE = (2, "what was asked or configured cannot be used; one sentence on standard error says why")


@dataclass(frozen=True)
class Help:
    """A command's examples, its exit codes with their meaning, and what else stands in no option."""

    examples: tuple[str, ...]
    codes: tuple[tuple[int, str], ...] = ((0, "done"), USAGE)
    note: str = ""

    @property
    def epilog(self) -> str:
        """Return it as `--help` shows it; an empty line is where a line ends."""
        codes = (f"{code}  {meaning}" for code, meaning in self.codes)
        first = (self.note,) if self.note else ()
        return "\n\n".join((*first, "Examples:", *self.examples, "Exit codes:", *codes))


def explain(app: typer.Typer, *path: str) -> None:
    """Give every command below an app its examples and exit codes, in help that no narrow terminal cuts."""
    app.rich_markup_mode = None  # rich's tables cut the names of options, and defaults, at 80 columns
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        command.epilog = HELP[" ".join((*path, name))].epilog
        # Else the list of commands has as many of its words as one line holds.
        command.short_help = inspect.cleandoc(command.callback.__doc__ or "").partition("\n")[0]
    for group in app.registered_groups:
        if group.typer_instance:
            group.short_help = str(group.typer_instance.info.help)
            explain(group.typer_instance, *path, str(group.name))


OWN_RUNBOOKS = tuple(RUNBOOKS)
"""Those of the bot's own rules; others come to them only once a command registers them."""

_OTHERS = (
    f"`runbook try NAME` judges the same by another runbook:"
    f" {listed([each for each in OWN_RUNBOOKS if each != ELECTION])}."
)
_ALL = (
    f"Runbooks that come with the bot: {listed(OWN_RUNBOOKS)}; of text alone: {listed(list(shipped()))}."
    " `runbook list` has those of other packages too."
)
_LED = (
    (0, "one node leads"),
    (1, "none does"),
    USAGE,
    (3, "no node and no agent could be read, so nothing is known of its leader"),
)
_SERVES = ((0, "it was asked to end"), USAGE)

HELP: Mapping[str, Help] = {
    "serve": Help(("neumann-bot serve --config /etc/neumann-bot/neumann-bot.toml",), _SERVES),
    "web": Help(("neumann-bot web --config /etc/neumann-bot/neumann-bot.toml",), _SERVES),
    "worker": Help(("neumann-bot worker --config /etc/neumann-bot/neumann-bot.toml",), _SERVES),
    "mcp": Help(
        ("neumann-bot mcp --config /etc/neumann-bot/neumann-bot.toml",), ((0, "its client hung up"), USAGE)
    ),
    "check": Help(
        ("neumann-bot check", "neumann-bot check --json"),
        (
            (0, "all that was asked is as configured"),
            (1, "Redis, Slack or the pairing with an agent is not"),
            (2, "the configuration cannot be used, or a secret is missing"),
        ),
    ),
    "init": Help(
        (
            "neumann-bot init",
            "neumann-bot init --defaults --folder ./bot --cluster demo --nodes 'node1=10.0.0.1 node2=10.0.0.2"
            " node3=10.0.0.3' --channel C0ABCDEF12",
        )
    ),
    "doctor": Help(
        (
            "neumann-bot doctor",
            "neumann-bot doctor --canary --cluster demo",
            "neumann-bot doctor --watch",
            "neumann-bot doctor --json",
        ),
        (
            (0, "an alert would get through, as far as was asked"),
            (1, "something is wrong"),
            USAGE,
            (3, "nothing is known to be wrong, but not all that was asked could be read"),
        ),
    ),
    "agents add": Help(
        (
            "neumann-bot agents add --cluster demo --node node1 --url https://node1:7880",
            "neumann-bot agents add --all --ssh 'ssh -l root -J bastion'",
        ),
        ((0, "paired with"), (1, "with --all: one could not be paired with"), USAGE),
    ),
    "agents list": Help(
        ("neumann-bot agents list", "neumann-bot agents list --json"),
        ((0, "every agent answers"), (1, "one does not"), USAGE),
    ),
    "agents rotate": Help(
        ("neumann-bot agents rotate",),
        ((0, "new keys are made, or are in use"), (1, "an agent does not let the bot in by them yet"), USAGE),
    ),
    "agents revoke": Help(("neumann-bot agents revoke --cluster demo --node node1",)),
    "status": Help(("neumann-bot status demo", "neumann-bot status --json"), _LED),
    "diagnose": Help(
        (
            "neumann-bot diagnose --cluster demo --save evidence.json",
            "neumann-bot diagnose --evidence evidence.json --json",
            "neumann-bot diagnose monday.json tuesday.json",
        ),
        (
            (0, "one node leads; of stored evidence: all of it was judged"),
            (1, "none does"),
            (2, "it cannot be asked, or some of the stored evidence cannot be read"),
            _LED[-1],
        ),
        note=_OTHERS,
    ),
    "replay": Help(
        (
            "neumann-bot replay inc-7-k3xqf",
            "neumann-bot replay inc-7-k3xqf --json",
            "neumann-bot replay --all",
        ),
        ((0, "done; with --all: nothing would be said otherwise"), (1, "with --all: something would"), USAGE),
        f"Each incident is judged by its own runbook: {listed(OWN_RUNBOOKS)}, or one that `runbooks` names.",
    ),
    "plan": Help(
        (
            "neumann-bot plan --remedy config_bump --cluster demo",
            "neumann-bot plan --remedy clock_sync --evidence evidence.json --json",
        )
    ),
    "posture": Help(
        ("neumann-bot posture demo", "neumann-bot posture --json"),
        (
            (0, "nothing is critical and nothing is a warning, or it is muted"),
            (1, "a check that nobody muted is critical or a warning"),
            USAGE,
        ),
    ),
    "audit verify": Help(
        ("neumann-bot audit verify inc-7-k3xqf", "neumann-bot audit verify --all --json"),
        (
            (0, "every timeline is whole"),
            (1, "one is not, or a ledger tells another story"),
            (2, "it could not be checked"),
        ),
    ),
    "audit set-aside": Help(("neumann-bot audit set-aside inc-7-k3xqf",)),
    "incidents month": Help(
        (
            "neumann-bot incidents month demo",
            "neumann-bot incidents month demo 2026-11 --picture november.png",
            "neumann-bot incidents month --json",
        ),
        ((0, "the objective is held, is not set, or it is not known"), (1, "the objective is missed"), USAGE),
    ),
    "incidents export": Help(
        (
            "neumann-bot incidents export inc-7-k3xqf",
            "neumann-bot incidents export --closed-before 2026-01-01",
        )
    ),
    "evidence show": Help(("neumann-bot evidence show evidence.json",)),
    "evidence diff": Help(
        ("neumann-bot evidence diff monday.json tuesday.json",),
        ((0, "nothing differs"), (1, "something does"), USAGE),
    ),
    "evidence redact": Help(("neumann-bot evidence redact evidence.json",)),
    "runbook list": Help(("neumann-bot runbook list", "neumann-bot runbook list --json")),
    "runbook new": Help(
        (
            "neumann-bot runbook new disk-full --alert RootDiskFull --into ./runbooks",
            "neumann-bot runbook new disk-full --alert RootDiskFull --toml --into /etc/neumann-bot/runbooks",
        )
    ),
    "runbook lint": Help(
        (
            "neumann-bot runbook lint replication-lag",
            "neumann-bot runbook lint /etc/neumann-bot/runbooks/disk-full.toml",
        ),
        ((0, "it keeps to the contract"), (1, "something keeps it from being used"), USAGE),
        _ALL,
    ),
    "runbook try": Help(
        (
            "neumann-bot runbook try replication-lag --evidence evidence.json",
            "neumann-bot runbook try split-brain --cluster demo --json",
            "neumann-bot runbook try ./disk-full.toml --cluster demo",
        ),
        note=_ALL,
    ),
    "demo": Help(
        ("neumann-bot demo", "neumann-bot demo --headless --fault quorum-loss --json"),
        (
            (0, "the loop closed, or Ctrl-C ended it"),
            (1, "the loop did not close"),
            (2, "it could not begin"),
        ),
    ),
}
"""By the words of the command; each has a row, which a test sees to."""
