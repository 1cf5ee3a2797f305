"""``syncd doubts``."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.options import AsJson
from syncd.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.ports.mirror import SnapshotDoubt

COMMAND = typer.Typer(
    help="Listings and fields that vanished, and stop a system's writes.",
    no_args_is_help=True,
)


@COMMAND.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what is not believed: nothing is written to its system. Changes nothing.

    Examples: ``syncd doubts list``
    """
    with context.obj.app(connect=False) as app:
        found = app.store.mirror.doubts()
    _show(found, as_json=as_json)


@COMMAND.command("clear")
def clear(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Doubts' ids.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Believe it: the records are gone, the field is not read. Writes nothing remote.

    The next full listing of a cleared object deletes what it does not bring.

    Examples: ``syncd doubts clear dbt_1f…``
    """
    with context.obj.app(connect=False) as app:
        standing = {one.id for one in app.store.mirror.doubts()}
        for one in ids:
            if one not in standing:
                remedy = "list them: syncd doubts list"
                raise UsageError(
                    Problem(where=one, what="no such doubt", remedy=remedy)
                )
        lifted = app.store.mirror.clear_doubts(ids)
    _show(lifted, as_json=as_json)


def _show(found: "Sequence[SnapshotDoubt]", *, as_json: bool) -> None:
    import msgspec  # noqa: PLC0415

    from syncd.cli.output import print_json, print_table  # noqa: PLC0415

    if as_json:
        print_json([{"id": one.id, **msgspec.to_builtins(one)} for one in found])
        return
    print_table(
        ("doubt", "system", "scope", "why"),
        [(one.id, one.system, one.scope or "-", one.says) for one in found],
    )
