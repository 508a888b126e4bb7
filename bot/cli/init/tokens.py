"""The tokens that Slack gives for an app: read from files, or pasted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from bot.cli.init import written
from bot.cli.init.answers import Answers
from bot.cli.init.files import write
from bot.cli.init.questions import Questions
from bot.secret_files import SecretFile
from handlers.errors import Refused
from shared.whole_files import PRIVATE, NewFile

TOKENS = {
    written.BOT_TOKEN: 'the bot token (xoxb-…, "OAuth & Permissions")',
    written.APP_TOKEN: 'an app-level token with connections:write (xapp-…, "Basic Information")',
    written.SIGNING_SECRET: 'the signing secret ("Basic Information")',
}


def given_tokens(
    answers: Answers, *, bot_token: Path | None, app_token: Path | None, signing_secret: Path | None
) -> Mapping[str, str]:
    """Return by name the tokens that Slack's mode takes; one is empty where no file was named.

    Raises:
        Refused: If a file was named that this mode does not take.
        ConfigurationError: If one cannot be read, is empty, or is open to others.
    """
    _refuse_unused(answers, app_token, signing_secret)
    of_mode = (
        {written.APP_TOKEN: app_token} if answers.is_socket_mode else {written.SIGNING_SECRET: signing_secret}
    )
    files = {written.BOT_TOKEN: bot_token, **of_mode}
    return {
        name: SecretFile(file=file).read().get_secret_value() if file else "" for name, file in files.items()
    }


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


def take_tokens(folder: Path, given: Mapping[str, str], questions: Questions) -> tuple[str, ...]:
    """Store the tokens that are there already; return the names of those that are still to be put there."""
    missing = []
    for name, known in given.items():
        if token := known or _typed(name, questions):
            write({folder / name: NewFile(f"{token}\n".encode(), PRIVATE)})
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
