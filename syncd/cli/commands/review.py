"""``syncd review``."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.exit_codes import ExitCode
from syncd.cli.options import AsJson, Owners, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.outcome import RunOutcome
    from syncd.model.review import Proposal

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Changes' ids.")]

COMMAND = typer.Typer(
    help="What is likely, and waits for a person's word.", no_args_is_help=True
)


@COMMAND.command("list")
def list_(
    context: typer.Context,
    owner: Owners = None,
    rule: Rules = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the changes that wait for a person. Changes nothing.

    As of the last plan or service cycle; what has waited longest comes first.

    Examples: ``syncd review list``, ``syncd review list --owner ada@acme.com``
    """
    with context.obj.app(connect=False) as app:
        found = [
            one
            for one in app.store.reviews.waiting()
            if _is_wanted(one, owners=owner or (), rules=rule or ())
        ]
    if as_json:
        from syncd.cli.output import print_json  # noqa: PLC0415

        print_json([{"id": one.id, **_plain(one)} for one in found])
        return
    _table(found)


@COMMAND.command("accept")
def accept(context: typer.Context, ids: Ids, *, as_json: AsJson = False) -> ExitCode:
    """Write what was proposed. Writes to Salesforce and Outreach.

    It is judged anew first. What you accept counts as a precedent for the rest of its
    series or thread.

    Examples: ``syncd review accept chg_1f…``
    """
    from syncd.cli.outcomes import finish_run  # noqa: PLC0415
    from syncd.cli.output import print_json, progress_bars  # noqa: PLC0415

    with context.obj.app(may_write=True) as app, progress_bars() as progress:
        run, gone = app.accept(
            ids, progress=lambda done: progress("applying", "changes", done, len(ids))
        )
    code = ExitCode.DONE
    if as_json:
        print_json({"run": run, "no_longer_proposed": gone})
        code = _code(run)
    elif run is not None:
        code = finish_run(run, as_json=False)
    if not as_json:
        _print_gone(gone)
    return ExitCode.PARTIAL if gone else code


@COMMAND.command("reject")
def reject(context: typer.Context, ids: Ids, *, as_json: AsJson = False) -> None:
    """Do not propose these again. Writes to no remote system.

    Something else that fits may be proposed instead. Lift it with
    ``syncd tombstones clear``.

    Examples: ``syncd review reject chg_1f…``
    """
    with context.obj.app(connect=False) as app:
        stones = app.reject(ids)
    if as_json:
        from syncd.cli.output import print_json  # noqa: PLC0415

        print_json([{"id": stone.id, "effect": stone.effect} for stone in stones])
        return
    for stone in stones:
        print(f"{stone.object} {stone.what}: {stone.says} ({stone.id})")


def _is_wanted(
    one: "Proposal", *, owners: "Sequence[str]", rules: "Sequence[str]"
) -> bool:
    wanted = {owner.casefold() for owner in owners}
    theirs = {(finding.owner or "").casefold() for finding in one.findings}
    of_rule = not rules or one.change.rule in rules
    return of_rule and (not wanted or bool(wanted & theirs))


def _table(found: "list[Proposal]") -> None:
    from syncd.cli.output import print_table  # noqa: PLC0415
    from syncd.reports.values import field_lines, sure, verb_of  # noqa: PLC0415

    rows = []
    for one in found:
        change, finding = one.change, one.findings[0]
        name = f"{finding.subject.name!r} " if finding.subject.name else ""
        told = field_lines(change, one.names)
        lines = [f"{x.field}: {x.was} → {x.becomes}" for x in told]
        rows.append(
            (
                one.id,
                f"{one.proposed_at:%Y-%m-%d}",
                finding.owner or "-",
                f"{name}({change.object} {change.record_id or 'new'})",
                f"{verb_of(change)} {'; '.join(lines)}",
                sure(change.confidence),
                change.reason,
            )
        )
    print_table(
        ("change", "since", "owner", "record", "proposed", "sure", "because"),
        rows,
        empty="nothing waits for review",
    )


def _plain(one: "Proposal") -> dict[str, object]:
    import msgspec  # noqa: PLC0415

    return dict(msgspec.to_builtins(one))


def _code(run: "RunOutcome | None") -> ExitCode:
    from syncd.cli.outcomes import run_code  # noqa: PLC0415

    return ExitCode.DONE if run is None else run_code(run)


def _print_gone(gone: "Mapping[str, str]") -> None:
    for change_id, why in gone.items():
        print(f"  {change_id} is not proposed any more: {why}")
