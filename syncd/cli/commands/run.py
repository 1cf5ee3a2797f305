"""``syncd run``."""

import sys

import typer


def run(context: typer.Context) -> None:
    """Run the background service. Writes as ``mode`` says.

    Until stopped: polls and reconciles on schedule; serves /healthz, /readyz and
    /metrics.

    Examples: ``syncd run``, ``SYNCD_MODE=dry-run syncd run``
    """
    from syncd.service.daemon import run_service  # noqa: PLC0415

    config = context.obj.config()
    run_service(config, say=lambda text: print(text, file=sys.stderr, flush=True))


COMMAND = run
