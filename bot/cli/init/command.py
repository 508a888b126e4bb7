"""`neumann-bot init`: ask, then write the bot's configuration, its secrets, and what everybody else needs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.init import answers as read
from bot.cli.init import written
from bot.cli.init.files import files_of, write
from bot.cli.init.questions import Flags, Questions
from bot.cli.init.tokens import TOKENS, given_tokens, take_tokens
from bot.cli.output import CommandLine, say
from handlers.errors import Refused

FOLDER = Path("/etc/neumann-bot")


def init(  # noqa: PLR0917  each is an option of the command line
    into: Annotated[str, typer.Option("--folder", help="Where everything is written.")] = str(FOLDER),
    cluster: Annotated[str | None, typer.Option(help="The `cluster` label of its alerts.")] = None,
    nodes: Annotated[str | None, typer.Option(help="All members: 'node1=10.0.0.1 node2=10.0.0.2 …'.")] = None,
    channel: Annotated[str | None, typer.Option(help="Id of the Slack channel for incidents.")] = None,
    may_confirm: Annotated[
        str | None, typer.Option(help="Ids of the user groups and people that may confirm actions.")
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="Where Slack reaches the bot (https); empty for Socket Mode.")
    ] = None,
    bot_url: Annotated[
        str | None, typer.Option(help="Where Alertmanager and Prometheus reach the bot.")
    ] = None,
    redis_url: Annotated[str | None, typer.Option(help="Where incidents are kept.")] = None,
    alertmanager: Annotated[str | None, typer.Option(help="Every peer of Alertmanager, or empty.")] = None,
    prometheus: Annotated[str | None, typer.Option(help="The Prometheus of the rules, or empty.")] = None,
    bot_token_file: Annotated[Path | None, typer.Option(help="Take the bot token from here.")] = None,
    app_token_file: Annotated[Path | None, typer.Option(help="Take the app-level token from here.")] = None,
    signing_secret_file: Annotated[
        Path | None, typer.Option(help="Take the signing secret from here.")
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
) -> None:
    """Write the bot's configuration and secrets, the Slack manifest, and what nodes and alerting need.

    What no flag says is asked. Nothing that is there already is overwritten.
    """
    folder = read.folder_of(into)
    _refuse_to_overwrite(folder)
    questions = Questions(defaults)
    flags = Flags(
        cluster=cluster,
        nodes=nodes,
        channel=channel,
        may_confirm=may_confirm,
        public_url=public_url,
        bot_url=bot_url,
        redis_url=redis_url,
        alertmanager=alertmanager,
        prometheus=prometheus,
    )
    answers = questions.answers(flags)
    given = given_tokens(
        answers, bot_token=bot_token_file, app_token=app_token_file, signing_secret=signing_secret_file
    )
    program = Path(shutil.which(sys.argv[0]) or "/opt/neumann-bot/bin/neumann-bot").absolute()
    write(files_of(answers, folder, program))
    say(f"Written: {folder}. Create the Slack app from {folder / 'slack-manifest.yaml'} and install it.")
    if not answers.may_confirm:
        say(f"Nobody may confirm a remedy yet: name confirm_groups or confirm_users in {written.BOT_FILE}.")
    missing = take_tokens(folder, given, questions)
    _say_what_is_next(folder, program, missing)


def _refuse_to_overwrite(folder: Path) -> None:
    if (folder / written.BOT_FILE).exists():
        raise Refused(
            f"{folder / written.BOT_FILE} is there, and nothing is overwritten: name another --folder."
        )


def _say_what_is_next(folder: Path, program: Path, missing: tuple[str, ...]) -> None:
    config = folder / written.BOT_FILE
    for name in missing:
        say(f"Still to be pasted: {TOKENS[name]}:")
        say(CommandLine(f"  install -m 0600 /dev/stdin {folder / name}"))
    say("Invite the bot to its channel: /invite @neumann-bot. Then, with the agent's package on every node:")
    say(CommandLine(f"  {program} agents add --all --config {config}"))
    say(CommandLine(f"  {program} check --config {config}"))
    say(CommandLine(f"  systemctl enable --now {folder / 'neumann-bot.service'}"))
    say(f"For the alerts: {folder / 'alertmanager.yml'} and {folder / 'prometheus.yml'}.")
    say(f"Every key that {written.BOT_FILE} may have is in {folder / written.EXAMPLE_FILE}.")
