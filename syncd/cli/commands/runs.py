"""``syncd runs``."""

from typing import Annotated

import typer

from syncd.cli.options import AsJson
from syncd.errors import Problem, UsageError


def runs(
    context: typer.Context,
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="[RUN_ID]", help="One run, change by change."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the last runs, or show one. Changes nothing.

    Examples: ``syncd runs``, ``syncd runs run_1f…``
    """
    from syncd.cli.outcomes import print_runs  # noqa: PLC0415
    from syncd.cli.output import print_json, print_table  # noqa: PLC0415
    from syncd.pipeline.runs import run_as_it_stands  # noqa: PLC0415

    with context.obj.app(connect=False) as app:
        ledger = app.store.ledger
        found = [run_as_it_stands(ledger, run_id)] if run_id else list(ledger.runs())
    known = [run for run in found if run is not None]
    if run_id and not known:
        raise UsageError(
            Problem(where=run_id, what="no such run", remedy="list them: syncd runs")
        )
    if as_json:
        print_json(known[0] if run_id else known)
    elif run_id:
        print_table(
            ("change", "outcome", "record", "detail"),
            [
                (item.change_id, item.status.value, item.record_id or "-", item.detail)
                for item in known[0].items
            ],
            empty="it wrote nothing",
        )
    else:
        print_runs(known, empty="no runs yet")


COMMAND = runs
