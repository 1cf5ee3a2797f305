"""``syncd apply``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import AsJson, Rules
from syncd.errors import GuardError, Problem, UsageError

if TYPE_CHECKING:
    from syncd.app import App
    from syncd.model.plan import Plan


def apply(
    context: typer.Context,
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A plan's id, or its JSON file.")
    ],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this change; repeatable."),
    ] = None,
    rule: Rules = None,
    first: Annotated[
        int | None,
        typer.Option("--first", metavar="N", min=1, help="Its first N changes."),
    ] = None,
    *,
    include_review: Annotated[
        bool, typer.Option("--include-review", help="Also changes for review.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Pass the limits, nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Apply exactly this saved plan. Writes to Salesforce and Outreach.

    Examples: ``syncd apply pln_1f…``, ``syncd apply plan.json --first 10``
    """
    from syncd.cli.outcomes import finish_run  # noqa: PLC0415
    from syncd.cli.output import progress_bars  # noqa: PLC0415
    from syncd.pipeline.apply import Selection  # noqa: PLC0415

    selection = Selection(
        only=only or (),
        rules=rule or (),
        first=first,
        include_review=include_review,
        force=force,
    )
    with context.obj.app(may_write=True) as app, progress_bars() as progress:
        found = _plan(app, plan)
        total = len(found.changes)
        run = app.apply(
            found,
            selection,
            progress=lambda done: progress("applying", "changes", done, total),
        )
    return finish_run(run, as_json=as_json)


def _plan(app: "App", given: str) -> "Plan":
    from syncd.plan.codec import decode_plan  # noqa: PLC0415

    path = Path(given)
    if path.suffix == ".json" or path.is_file():
        if not path.is_file():
            raise UsageError(
                Problem(where=given, what="is not a file", remedy="check the path")
            )
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise UsageError(
                Problem(
                    where=given,
                    what="is not a plan (not UTF-8)",
                    remedy="give the JSON that `syncd plan --format json` wrote",
                )
            ) from None
        return _unedited(app, decode_plan(text, where=given), where=given)
    found = app.store.plans.load(given)
    if found is None:
        latest = ", ".join(plan.plan_id for plan in app.store.plans.latest(3))
        raise UsageError(
            Problem(
                where=given,
                what="no such plan",
                remedy=f"make one with `syncd plan`; the last: {latest or 'none'}",
            )
        )
    return found


def _unedited(app: "App", given: "Plan", *, where: str) -> "Plan":
    """The plan, unless the store has it and remembers another one by that id.

    The digest covers changes and orgs; age and guards are held against the store. A
    plan that was made with another store cannot be compared.
    """
    import msgspec  # noqa: PLC0415

    kept = app.store.plans.load(given.plan_id)
    if kept is None:
        # Sequences of another ledger say nothing here: all of ours count as later.
        return msgspec.structs.replace(given, after_write=0)
    if kept == given:
        return given
    raise GuardError(
        Problem(
            where=where,
            what=f"is not {given.plan_id} as it was saved: it was edited by hand",
            remedy=f"syncd apply {given.plan_id}, with --only or --rule for a part",
        )
    )


COMMAND = apply
