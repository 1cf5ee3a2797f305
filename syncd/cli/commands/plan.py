"""``syncd plan``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import Accounts, Opportunities, Output, Owners, Rules, Since
from syncd.errors import Problem, UsageError

if TYPE_CHECKING:
    from syncd.model.plan import Plan

_ENDINGS: Final = {
    ".json": "json",
    ".md": "markdown",
    ".csv": "csv",
    ".html": "html",
    ".txt": "text",
    "": "text",
}


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
        typer.Option(
            "--format", metavar="FORMAT", help="text, json, markdown, csv or html."
        ),
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
    """Poll, show the dry run, and save the plan.

    Findings, and the changes that would mend them. Writes to no remote system.

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
    if made.changes:
        say_next(f"syncd apply {made.plan_id}")
    code = poll_code(polls)
    if code is ExitCode.DONE and exit_code and made.changes:
        return ExitCode.PENDING
    return code


def _format(form: str | None, *, as_json: bool, output: Path | None) -> str | None:
    """The asked format, else the output file's ending; None is for a terminal."""
    problem = _problem(form, as_json=as_json, output=output)
    if problem is not None:
        raise UsageError(problem)
    if as_json or form:
        return "json" if as_json else form
    return None if output is None else _ENDINGS[output.suffix]


def _problem(form: str | None, *, as_json: bool, output: Path | None) -> Problem | None:
    """What is wrong with the asked format and file, before anything is polled."""
    from syncd.plugins import reports  # noqa: PLC0415

    known = sorted(reports())
    if output is not None and not output.absolute().parent.is_dir():
        return Problem(
            where=f"-o {output}",
            what="its folder is not there",
            remedy="create the folder, or name another one",
        )
    if form is not None and form not in known:
        return Problem(
            where=f"--format {form}",
            what="no such format",
            remedy=f"known: {', '.join(known)}",
        )
    if as_json and form not in {None, "json"}:
        return Problem(
            where=f"--format {form}",
            what="contradicts --json",
            remedy="give one of the two",
        )
    if output is not None and not (as_json or form) and output.suffix not in _ENDINGS:
        return Problem(
            where=f"-o {output}",
            what="its ending says no format",
            remedy=f"end in {', '.join(filter(None, _ENDINGS))}, or give --format",
        )
    return None


def _print(made: "Plan", form: str | None, output: Path | None) -> None:
    from syncd.plugins import reports  # noqa: PLC0415
    from syncd.reports.as_text import as_summary  # noqa: PLC0415

    text = as_summary(made) if form is None else reports()[form](made)
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    else:
        output.write_text(text, encoding="utf-8")
        print(f"wrote {output}", file=sys.stderr)


COMMAND = plan
