"""``syncd sync``."""

from typing import Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import AsJson
from syncd.errors import Problem, UsageError


def sync(
    context: typer.Context,
    connector: Annotated[
        str | None,
        typer.Option("--connector", metavar="NAME", help="Only this system."),
    ] = None,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything, not what changed.")
    ] = False,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove",
            help="Then compare every record's version with the service; mend.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Poll into the mirror. Writes to no remote system.

    Examples: ``syncd sync``, ``syncd sync --connector salesforce --full``
    """
    from syncd.cli.outcomes import poll_code, print_polls, print_proofs  # noqa: PLC0415
    from syncd.cli.output import print_json, progress_bars  # noqa: PLC0415

    with context.obj.app() as app:
        if connector is not None and connector not in app.connectors:
            raise UsageError(
                Problem(
                    where=f"--connector {connector}",
                    what="is not configured",
                    remedy=f"configured: {', '.join(app.connectors) or 'none'}",
                )
            )
        with progress_bars() as progress:
            polls = app.poll(only=connector, full=full, progress=progress)
            proofs = (
                app.prove(only=connector, thorough=True, progress=progress)
                if prove
                else ()
            )
    if as_json:
        print_json({"polls": polls, "proofs": proofs} if prove else polls)
    else:
        print_polls(polls)
        print_proofs(proofs)
    return poll_code(polls)


COMMAND = sync
