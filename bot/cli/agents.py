"""`neumann-bot agents`: pair with agents, see whom the bot knows, and change keys."""

from __future__ import annotations

import asyncio
import json
import secrets
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agent.protocol.pairing import der_of, fingerprint, parse_code, pem_certificates
from bot import clients
from bot.cli import terminal
from bot.cli.configured_nodes import each_node, find, how_to_add, pin_file
from bot.cli.init.written import agent_file
from bot.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from bot.cli.output import CommandLine, say, say_json
from bot.cli.screens.agents import Greeted
from bot.cli.screens.agents import agents as screen
from bot.config import Cluster, Node, Settings, load
from bot.nodes.bot_identity import BotIdentity, identity
from bot.nodes.config_edit import change_node
from bot.nodes.pairing import pair
from bot.nodes.ssh_pairing import SshPairing
from bot.secret_files import SecretFile, require_private
from handlers.errors import ConfigurationError, Refused
from shared.bounded_files import MAX_NAMED_BYTES, read_bounded_text
from shared.whole_files import NewFile

app = typer.Typer(no_args_is_help=True, help="Pair with agents, see whom the bot knows, and change keys.")

ClusterOption = Annotated[str, typer.Option(help="The cluster, as the configuration names it.")]
NodeOption = Annotated[str, typer.Option(help="The node, as the configuration names it.")]


@app.command()
def add(  # noqa: PLR0917  each is an option of the command line
    cluster: Annotated[str, typer.Option(help="The cluster, as the configuration names it.")] = "",
    node: Annotated[str, typer.Option(help="The node, as the configuration names it.")] = "",
    url: Annotated[str, typer.Option(help="Where its agent serves; `agent_url` if left out.")] = "",
    pair_at: Annotated[str, typer.Option(help="Where `neumann-agent pair` waits, beside that.")] = "",
    code_file: Annotated[str, typer.Option(help="Take the code from this file, - is stdin.")] = "",
    every: Annotated[
        bool, typer.Option("--all", help="Every node that is not paired with, over --ssh; no code is typed.")
    ] = False,
    ssh: Annotated[
        str, typer.Option(help="With --all: how root's shell on a node is reached.")
    ] = "ssh -o BatchMode=yes -l root",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Pair with the agent that waits on a node (`neumann-agent pair`); makes the bot's keys if need be."""
    settings = load(config)
    if every:
        _add_all(config, settings, ssh)
        return
    if not (cluster and node):
        raise Refused("Say which: --cluster and --node, or --all for every node that is not paired with.")
    url = url or find(settings, cluster, node).agent_url
    BotIdentity.of(settings.agents).make_missing()
    wanted = identity(settings, cluster, node)
    certificate = asyncio.run(pair(pair_at or url, _code(code_file), wanted, say))
    _keep(config, settings, (cluster, node), url, certificate)
    say(f"Paired with {node} of {cluster}. Restart the bot, and start or reload the agent.")


def _add_all(config: Path, settings: Settings, ssh: str) -> None:
    """Pair with each node that is not paired with; one that fails does not keep the others from it."""
    BotIdentity.of(settings.agents).make_missing()
    failed = 0
    nodes = each_node(settings)
    with terminal.progress("Pairing", len(nodes)) as tried_one:
        for cluster, node in nodes:
            failed += not _add_over_ssh(config, settings, (cluster, node), ssh)
            tried_one()
    if failed:
        raise typer.Exit(1)


def _add_over_ssh(config: Path, settings: Settings, of: tuple[Cluster, Node], ssh: str) -> bool:
    """Pair with one node, unless that is done; return whether it is paired with now."""
    cluster, node = of
    if node.agent_certificate:
        say(f"{node.name} of {cluster.name} is paired with already.")
        return True
    fleet = SshPairing(shlex.split(ssh), agent_file(config.parent, cluster.name, node.name))
    try:
        wanted = identity(settings, cluster.name, node.name)
        certificate = asyncio.run(fleet.pair(node.agent_url, wanted, say))
    except Refused as error:
        say(f"{node.name} of {cluster.name}: {error}", err=True)
        return False
    _keep(config, settings, (cluster.name, node.name), node.agent_url, certificate)
    say(f"Paired with {node.name} of {cluster.name}; its agent runs.")
    return True


def _keep(config: Path, settings: Settings, of: tuple[str, str], url: str, certificate: str) -> None:
    """Pin the certificate of the agent of a cluster's node."""
    cluster, node = of
    pinned = pin_file(settings.agents, cluster, node)
    values = {
        "agent_url": url,
        "agent_certificate": str(pinned),
        # Names this pairing: what the ledger of an earlier one said no longer binds this one.
        "pairing": secrets.token_hex(4),
    }
    change_node(config, cluster, node, values, {pinned: NewFile(certificate.encode())})


@app.command("list")
def show(as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Show by which key each agent is known, and whether it answers."""
    settings = load(config)
    own = BotIdentity.of(settings.agents)
    keys = {
        name: [f"sha256:{each}" for each in kept.fingerprints]
        for name, kept in (("This bot", own), ("Next it", own.next))
        if kept.are_there
    }
    if not as_json:
        for name, (shown, grants) in keys.items():
            say(f"{name} shows {shown} and grants with {grants}")
    silent = asyncio.run(_greet(settings))
    found = [
        Greeted(
            cluster.name,
            node.name,
            node.agent_url,
            _known_by(settings, node),
            silent.get((cluster.name, node.name)),
        )
        for cluster, node in each_node(settings)
    ]
    if as_json:
        document = {"keys": list(keys.values()), "agents": [asdict(each) for each in found]}
        say_json(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        terminal.show(lambda look: screen(found, look))
    if silent:
        raise typer.Exit(1)


@app.command()
def rotate(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Make new keys for the bot; once every agent has been paired with again, let them take over."""
    settings = load(config)
    own = BotIdentity.of(settings.agents)
    if not own.next.are_there:
        own.next.make_missing()
        say(
            "New keys are made, the old ones are still in use. Now pair with every agent again. Its"
            " `neumann-agent pair` waits beside the agent that serves, and says where (`--pair-at`):"
        )
        for cluster, node in each_node(settings):
            say(CommandLine(how_to_add(cluster, node)))
        say("Then run `neumann-bot agents rotate` once more.")
        return
    new = own.next
    files = {"certificate": new.certificate, "key": new.key, "grant_key": SecretFile(file=new.grant_key)}
    as_new = settings.model_copy(update={"agents": settings.agents.model_copy(update=files)})
    if silent := asyncio.run(_greet(as_new)):
        say("The old keys stay in use: these do not let the bot in by its new one yet.", err=True)
        for cluster, node in each_node(settings):
            if why := silent.get((cluster.name, node.name)):
                say(CommandLine(f"{how_to_add(cluster, node)}  # {why}"), err=True)
        raise typer.Exit(1)
    dropped = own.fingerprints
    own.let_next_take_over()
    say("The new keys are in use once the bot is restarted. Then take the old ones off, on every node:")
    for old in dropped:
        say(CommandLine(f"neumann-agent keys revoke {old[:16]}"))
    say(CommandLine("systemctl reload neumann-agent"))
    say(
        f"Timelines of open incidents are signed with the old grant key, {own.former_grant_key}: unless it"
        " was stolen, name it in [agents] other_grant_keys until they are closed. Then delete it."
    )


@app.command()
def revoke(cluster: ClusterOption, node: NodeOption, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Believe the agent on a node no more, until it is paired with again."""
    settings = load(config)
    known = find(settings, cluster, node)
    if known.agent_certificate is None:
        raise Refused(f"{node} of {cluster} is not paired with; there is nothing to take back.")
    own = BotIdentity.of(settings.agents)
    change_node(config, cluster, node, {"agent_certificate": None, "pairing": None})
    known.agent_certificate.unlink(missing_ok=True)
    say(f"{node} of {cluster} is believed no more once the bot is restarted.")
    if settings.agents.authority:
        say("But [agents] authority still vouches for what it signed: take that out as well.", err=True)
    say("That its agent may not obey this bot either is said on the node:")
    for key in own.fingerprints:
        say(CommandLine(f"neumann-agent keys revoke {key[:16]}"))


async def _greet(settings: Settings) -> dict[tuple[str, str], str]:
    """Ask every agent; return those that do not answer, and why."""
    nodes = each_node(settings)
    async with clients.reader(settings) as (_, agents):
        answers = await asyncio.gather(*(agents.greet(node.agent_url) for _, node in nodes))
    return {
        (cluster.name, node.name): why
        for (cluster, node), why in zip(nodes, answers, strict=True)
        if why is not None
    }


def _code(file: str) -> bytes:
    try:
        if not file:
            return parse_code(typer.prompt("The code that the agent shows", hide_input=True))
        if file == "-":
            return parse_code(sys.stdin.readline(MAX_NAMED_BYTES))
        require_private(Path(file))
        return parse_code(read_bounded_text(Path(file)))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The code cannot be taken: {error}.") from error


def _known_by(settings: Settings, node: Node) -> str:
    if node.agent_certificate is None:
        return "known by the authority" if settings.agents.authority else "not paired"
    try:
        (pinned,) = pem_certificates(read_bounded_text(node.agent_certificate))
        return f"sha256:{fingerprint(der_of(pinned))}"
    except (OSError, ValueError):
        return f"{node.agent_certificate} cannot be read"
