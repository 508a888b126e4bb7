"""Ask for everything that the files of `neumann-bot init` follow from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import typer

from bot.cli.init import answers as read
from bot.cli.init.answers import Answers
from bot.cli.output import say
from handlers.errors import Refused

Answer = TypeVar("Answer")
UNASKED = "Say it with a flag, or leave --defaults out to be asked."


@dataclass(frozen=True)
class Flags:
    """What the command line says of it; None where it says nothing."""

    cluster: str | None
    nodes: str | None
    channel: str | None
    may_confirm: str | None
    public_url: str | None
    bot_url: str | None
    redis_url: str | None
    alertmanager: str | None
    prometheus: str | None


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

    def answers(self, flags: Flags) -> Answers:
        """Return all answers, asked for in this order.

        Raises:
            Refused: As `ask` does.
        """
        ask = self.ask
        return Answers(
            cluster=ask(
                flags.cluster, "Name of the cluster, as its alerts' `cluster` label has it?", read.cluster_of
            ),
            nodes=ask(flags.nodes, "Its nodes, as NAME=HOST with spaces between?", read.nodes_of),
            channel=ask(flags.channel, "Id of the Slack channel for incidents (C…)?", read.channel_of),
            may_confirm=ask(
                flags.may_confirm,
                "Ids of the user groups (S…) or people (U…) that may confirm actions?",
                read.ids_of,
                "",
            ),
            public_url=ask(
                flags.public_url,
                "Where does Slack reach the bot (empty: it need not, Socket Mode)?",
                read.public_url_of,
                "",
            ),
            bot_url=ask(
                flags.bot_url,
                "Where do Alertmanager and Prometheus reach it?",
                read.bot_url_of,
                "http://127.0.0.1:8080",
            ),
            redis_url=ask(flags.redis_url, "Redis?", read.redis_url_of, "redis://127.0.0.1:6379/0"),
            alertmanager_urls=ask(flags.alertmanager, "Alertmanager (empty: none)?", read.urls_of, ""),
            prometheus_url=ask(flags.prometheus, "Prometheus (empty: none)?", read.optional_url_of, ""),
        )
