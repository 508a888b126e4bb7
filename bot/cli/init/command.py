"""`neumann-bot init`: ask, then write the bot's configuration, its secrets, and what everybody else needs."""

from __future__ import annotations

import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bot.cli.init import answers as read
from bot.cli.init import snippets, written
from bot.cli.init.answers import Answers
from bot.cli.output import say
from bot.secret_files import SecretFile
from handlers.errors import ConfigurationError, Refused
from shared.whole_files import PRIVATE, PUBLIC, NewFile, replace_all

Answer = TypeVar("Answer")
FOLDER = Path("/etc/neumann-bot")
TOKENS = {
    written.BOT_TOKEN: 'the bot token (xoxb-…, "OAuth & Permissions")',
    written.APP_TOKEN: 'an app-level token with connections:write (xapp-…, "Basic Information")',
    written.SIGNING_SECRET: 'the signing secret ("Basic Information")',
}
UNASKED = "Say it with a flag, or leave --defaults out to be asked."


@dataclass(frozen=True)
class Questions:
    """Asks for what no flag says; with `takes_defaults` nobody is asked."""

    takes_defaults: bool

    def ask(
        self, flag: str | None, question: str, reader: Callable[[str], Answer], default: str | None = None
    ) -> Answer:
        """Return the answer of the flag, the default or the person; what is wrong is asked again.

        Raises:
            Refused: If a flag's value is wrong, or there is no default and nobody to ask.
        """
        if flag is not None:
            return reader(flag.strip())
        if self.takes_defaults:
            if default is None:
                raise Refused(f"{question} {UNASKED}")
            return reader(default)
        while True:
            try:
                answer: str = typer.prompt(question, default=default, show_default=bool(default))
                return reader(answer.strip())
            except Refused as error:
                say(error, err=True)


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
    questions = Questions(defaults)
    ask = questions.ask
    folder = read.folder_of(into)
    _refuse_to_overwrite(folder)
    answers = Answers(
        cluster=ask(cluster, "Name of the cluster, as its alerts' `cluster` label has it?", read.cluster_of),
        nodes=ask(nodes, "Its nodes, as NAME=HOST with spaces between?", read.nodes_of),
        channel=ask(channel, "Id of the Slack channel for incidents (C…)?", read.channel_of),
        may_confirm=ask(
            may_confirm,
            "Ids of the user groups (S…) or people (U…) that may confirm actions?",
            read.ids_of,
            "",
        ),
        public_url=ask(
            public_url,
            "Where does Slack reach the bot (empty: it need not, Socket Mode)?",
            read.public_url_of,
            "",
        ),
        bot_url=ask(
            bot_url,
            "Where do Alertmanager and Prometheus reach it?",
            read.bot_url_of,
            "http://127.0.0.1:8080",
        ),
        redis_url=ask(redis_url, "Redis?", read.redis_url_of, "redis://127.0.0.1:6379/0"),
        alertmanager_urls=ask(alertmanager, "Alertmanager (empty: none)?", read.urls_of, ""),
        prometheus_url=ask(prometheus, "Prometheus (empty: none)?", read.optional_url_of, ""),
    )
    _refuse_unused(answers, app_token_file, signing_secret_file)
    given = _tokens(
        {
            written.BOT_TOKEN: bot_token_file,
            written.APP_TOKEN if answers.is_socket_mode else written.SIGNING_SECRET: (
                app_token_file if answers.is_socket_mode else signing_secret_file
            ),
        }
    )
    program = Path(shutil.which(sys.argv[0]) or "/opt/neumann-bot/bin/neumann-bot").absolute()
    _write(_files(answers, folder, program))
    say(f"Written: {folder}. Create the Slack app from {folder / 'slack-manifest.yaml'} and install it.")
    if not answers.may_confirm:
        say(f"Nobody may confirm a remedy yet: name confirm_groups or confirm_users in {written.BOT_FILE}.")
    missing = _take_tokens(folder, given, questions)
    _say_what_is_next(folder, program, missing)


def _refuse_to_overwrite(folder: Path) -> None:
    if (folder / written.BOT_FILE).exists():
        raise Refused(
            f"{folder / written.BOT_FILE} is there, and nothing is overwritten: name another --folder."
        )


def _refuse_unused(answers: Answers, app_token: Path | None, signing_secret: Path | None) -> None:
    """Refuse a file that would silently be left out, since the other mode was meant."""
    if answers.is_socket_mode and signing_secret:
        raise Refused(
            "--signing-secret-file is not used over Socket Mode: give --app-token-file, or --public-url too."
        )
    if app_token and not answers.is_socket_mode:
        raise Refused(
            "--app-token-file is not used with --public-url: give --signing-secret-file, or leave that out."
        )


def _files(answers: Answers, folder: Path, program: Path) -> Mapping[Path, NewFile]:
    texts = {
        folder / written.BOT_FILE: written.bot_file(answers, folder),
        folder / "neumann-bot.service": snippets.unit(answers, folder, program),
        folder / "slack-manifest.yaml": snippets.slack_manifest(answers),
        folder / "alertmanager.yml": snippets.alertmanager(answers, folder),
        folder / "prometheus.yml": snippets.prometheus(answers),
    }
    for node in answers.nodes:
        path = written.agent_file(folder, answers.cluster, node.name)
        texts[path] = written.agent_settings(answers, node)
    own = {written.WEBHOOK_TOKEN: secrets.token_hex(24)}
    if answers.is_socket_mode:
        # Slack signs nothing then, and who posts to the bot's own port knows no secret.
        own[written.SIGNING_SECRET] = secrets.token_hex(24)
    private = {folder / name: NewFile(f"{secret}\n".encode(), PRIVATE) for name, secret in own.items()}
    return {path: NewFile(text.encode(), PUBLIC) for path, text in texts.items()} | private


def _write(files: Mapping[Path, NewFile]) -> None:
    try:
        for path in files:
            _make_folder(path.parent)
        replace_all({path: new for path, new in files.items() if not path.exists()})
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be written: {error.strerror}.") from error


def _make_folder(folder: Path) -> None:
    """Make a folder that the unit's user may enter, whatever the umask; its secrets are closed themselves."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)


def _tokens(files: Mapping[str, Path | None]) -> dict[str, str]:
    """Return by name the tokens that lie in files, and nothing for those without a file.

    Raises:
        ConfigurationError: If one cannot be read, is empty, or is open to others.
    """
    return {
        name: SecretFile(file=file).read().get_secret_value() if file else "" for name, file in files.items()
    }


def _take_tokens(folder: Path, given: Mapping[str, str], questions: Questions) -> tuple[str, ...]:
    """Store the tokens that are there already; return the names of those that are still to be put there."""
    missing = []
    for name, known in given.items():
        if token := known or _typed(name, questions):
            _write({folder / name: NewFile(f"{token}\n".encode(), PRIVATE)})
        elif not (folder / name).exists():
            missing.append(name)
    return tuple(missing)


def _typed(name: str, questions: Questions) -> str:
    if questions.takes_defaults:
        return ""
    typed: str = typer.prompt(
        f"Paste {TOKENS[name]}, or press Enter to do it later",
        default="",
        hide_input=True,
        show_default=False,
    )
    return typed.strip()


def _say_what_is_next(folder: Path, program: Path, missing: tuple[str, ...]) -> None:
    config = folder / written.BOT_FILE
    for name in missing:
        say(f"Still to be pasted: {TOKENS[name]}:")
        say(f"  install -m 0600 /dev/stdin {folder / name}")
    say("Invite the bot to its channel: /invite @neumann-bot. Then, with the agent's package on every node:")
    say(f"  {program} agents add --all --config {config}")
    say(f"  {program} check --config {config}")
    say(f"  systemctl enable --now {folder / 'neumann-bot.service'}")
    say(f"For the alerts: {folder / 'alertmanager.yml'} and {folder / 'prometheus.yml'}.")
