"""Write what `neumann-bot init` leaves in its folder; what is there is left as it is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from bot.cli.init import snippets, written
from bot.cli.init.answers import Answers
from bot.cli.init.shipped import shipped
from handlers.errors import ConfigurationError
from shared.whole_files import PRIVATE, PUBLIC, NewFile, replace_all


def files_of(answers: Answers, folder: Path, program: Path) -> Mapping[Path, NewFile]:
    """Return every file that follows from the answers, with new secrets of the bot's own."""
    texts = {
        folder / written.BOT_FILE: written.bot_file(answers, folder),
        folder / written.EXAMPLE_FILE: shipped(written.EXAMPLE_FILE),
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


def write(files: Mapping[Path, NewFile]) -> None:
    """Write the files that are not there yet, all or none, and make their folders.

    Raises:
        ConfigurationError: If one cannot be written.
    """
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
