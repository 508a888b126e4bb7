"""Entry point of the `neumann-bot` command; says so where only the agent's packages are installed."""

from __future__ import annotations

import gc
import signal
import sys

_SERVICES = frozenset({"serve", "web", "worker"})


def main() -> None:
    """Run the command line, if what it needs is installed."""
    if set(sys.argv[1:2]) & _SERVICES:
        # It would end the process until there is somebody to follow it; so it waits for `running`.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    # Imported modules stay. To search them for garbage again and again would take a quarter of a
    # second of the start, and up to a tenth of one whenever the collector comes by later.
    gc.disable()
    try:
        from bot.cli import app  # noqa: PLC0415  this is what may not be there
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"neumann-bot: {error.name} is not installed, as on a node that has an agent only: pip install"
            " 'neumann-bot[bot]'"
        ) from error
    finally:
        gc.freeze()
        gc.enable()
    app.main()


if __name__ == "__main__":
    main()
