"""``syncd plan``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import Accounts, Opportunities, Output, Owners, Rules, Since
from syncd.errors import Problem, UsageError

if TYPE_CHECKING:
    from syncd.model.plan import Plan


def plan(
    context: typer.Context,
    opportunity: Opportunities = None,
    account: Accounts = None,
    owner: Owners = None,
    since: Since = None,
    rule: Rules = None,
    output: Output = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="text, json, markdown, csv or html."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="The same as --format json.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End in 3 when changes are pending.")
    ] = False,
    no_poll: Annotated[
        bool, typer.Option("--no-poll", help="Plan on the mirror as it is.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of plans, and end.")
    ] = False,
) -> ExitCode:
    """Poll, then show the dry run: findings and what would mend them. Saves the plan.

    Writes to no remote system.

    Examples: ``syncd plan``, ``syncd plan --account 001… -o plan.json``
    """
    from syncd.cli.outcomes import poll_code, say_incomplete  # noqa: PLC0415
    from syncd.cli.output import print_json, progress_bars, say_next  # noqa: PLC0415
    from syncd.cli.scope import scope_of  # noqa: PLC0415
    from syncd.plan.codec import plan_schema  # noqa: PLC0415

    if schema:
        print_json(plan_schema())
        return ExitCode.DONE
    chosen = _format(form, as_json=as_json, output=output)
    scope = scope_of(
        opportunities=opportunity, accounts=account, owners=owner, since=since
    )
    with context.obj.app() as app, progress_bars() as progress:
        polls = () if no_poll else app.poll(progress=progress)
        made = app.plan(scope=scope, rules=rule or (), progress=progress)
    say_incomplete(polls)
    _print(made, chosen, output)
    say_next(f"syncd apply {made.plan_id}")
    code = poll_code(polls)
    if code is ExitCode.DONE and exit_code and made.changes:
        return ExitCode.PENDING
    return code


def _format(form: str | None, *, as_json: bool, output: Path | None) -> str:
    """The asked format, else the output file's ending, else text."""
    from syncd.plugins import reports  # noqa: PLC0415

    endings = {".json": "json", ".md": "markdown", ".csv": "csv", ".html": "html"}
    guess = endings.get(output.suffix, "text") if output else "text"
    chosen = "json" if as_json else form or guess
    if chosen not in reports():
        raise UsageError(
            Problem(
                where=f"--format {chosen}",
                what="no such format",
                remedy=f"known: {', '.join(sorted(reports()))}",
            )
        )
    return chosen


def _print(made: "Plan", form: str, output: Path | None) -> None:
    from syncd.plugins import reports  # noqa: PLC0415

    text = reports()[form](made)
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    else:
        output.write_text(text, encoding="utf-8")
        print(f"wrote {output}", file=sys.stderr)


COMMAND = plan
