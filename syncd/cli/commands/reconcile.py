"""``syncd reconcile``."""

import sys
from typing import Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import Accounts, AsJson, Opportunities, Owners, Rules, Since


def reconcile(
    context: typer.Context,
    opportunity: Opportunities = None,
    account: Accounts = None,
    owner: Owners = None,
    since: Since = None,
    rule: Rules = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show it and write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Poll, plan and apply in one go. Writes, unless --dry-run.

    Examples: ``syncd reconcile --dry-run``, ``syncd reconcile --account 001…``
    """
    from syncd.cli.outcomes import (  # noqa: PLC0415
        finish_run,
        poll_code,
        say_incomplete,
    )
    from syncd.cli.output import print_json, progress_bars  # noqa: PLC0415
    from syncd.cli.scope import scope_of  # noqa: PLC0415
    from syncd.pipeline.apply import Selection  # noqa: PLC0415
    from syncd.reports.as_text import as_summary  # noqa: PLC0415

    scope = scope_of(
        opportunities=opportunity, accounts=account, owners=owner, since=since
    )
    with context.obj.app(may_write=not dry_run) as app, progress_bars() as progress:
        polls = app.poll(progress=progress)
        plan = app.plan(scope=scope, rules=rule or (), progress=progress)
        say_incomplete(polls)
        if dry_run:
            if as_json:
                print_json(plan)
            else:
                sys.stdout.write(as_summary(plan))
            return poll_code(polls)
        run = app.apply(plan, Selection(), kind="reconcile")
    code = finish_run(run, as_json=as_json)
    return code if code is not ExitCode.DONE else poll_code(polls)


COMMAND = reconcile
