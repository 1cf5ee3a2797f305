"""``syncd undo``."""

import sys
from typing import Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import AsJson


def undo(
    context: typer.Context,
    run_id: Annotated[
        str, typer.Argument(metavar="RUN_ID", help="A run's id; see `syncd runs`.")
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this change; repeatable."),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show it and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Take a run's changes back. Writes.

    Only where the value is still ours: what a person has changed since is listed and
    left. What is undone stays undone: see ``syncd tombstones``.

    Examples: ``syncd undo run_1f… --dry-run``, ``syncd undo run_1f… --only chg_2a…``
    """
    from syncd.cli.outcomes import finish_run  # noqa: PLC0415
    from syncd.cli.output import print_json, progress_bars  # noqa: PLC0415
    from syncd.reports.as_text import as_text  # noqa: PLC0415

    with (
        context.obj.app(may_write=not dry_run) as app,
        progress_bars() as progress,
    ):
        if dry_run:
            plan, _ = app.plan_undo(run_id, only=only or ())
            if as_json:
                print_json(plan)
            else:
                sys.stdout.write(as_text(plan))
            return ExitCode.DONE
        plan, run = app.undo(
            run_id,
            only=only or (),
            progress=lambda done: progress("undoing", "changes", done, None),
        )
    code = finish_run(run, as_json=as_json)
    if not as_json:
        for finding in plan.findings:
            if finding.why_not:
                subject = finding.subject
                print(f"  left: {subject.object} {subject.id}: {finding.why_not}")
    return code


COMMAND = undo
