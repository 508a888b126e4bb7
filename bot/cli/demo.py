"""`neumann-bot demo`: the one module of the bot that knows the lab."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def demo(  # noqa: PLR0917  each is an option of the command line
    fault: Annotated[str, typer.Option(help="Which fault the lab makes.")] = "aggressive-timeouts",
    alert: Annotated[
        str | None, typer.Option(metavar="ALERT", help="Let this alert fire in place of a fault.")
    ] = None,
    runbook: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="A runbook of yours, for that alert.")
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Play the loop as a person would, without a page.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    with_prometheus: Annotated[
        bool,
        typer.Option(
            "--with-prometheus", help="Use the prometheus and alertmanager binaries that are on PATH."
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="Port of the page, 8420 unless it is taken; 0 takes a free one."
        ),
    ] = None,
    metrics_shape: Annotated[
        Literal["state_label", "active_only", "number", "raft_state_label"],
        typer.Option(
            metavar="SHAPE",
            help="How the nodes' metrics tell their role: state_label, active_only, number or"
            " raft_state_label. Neumann's documents show all of these.",
        ),
    ] = "state_label",
) -> None:
    """A lab cluster, a local Slack workspace and the bot: the whole loop on this machine."""
    # Not before it is asked for: `serve` need not load the lab, and may stand where it is not installed.
    try:
        from lab import demo as lab_demo  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"neumann-bot: {error.name} is not installed, which only the demo needs: pip install"
            " 'neumann-bot[bot,demo]'"
        ) from error

    options = lab_demo.Options(
        fault=fault,
        alert=alert,
        runbook=runbook,
        headless=headless,
        json=json,
        with_prometheus=with_prometheus,
        port=port,
        metrics_shape=metrics_shape,
    )
    raise typer.Exit(lab_demo.main(options))
