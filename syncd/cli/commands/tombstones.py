"""``syncd tombstones``."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.options import AsJson
from syncd.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.model.tombstone import Tombstone

COMMAND = typer.Typer(
    help="What was taken back and is not done again.", no_args_is_help=True
)


@COMMAND.command("list")
def list_(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Cleared and expired ones too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what is left alone, and why. Changes nothing.

    Examples: ``syncd tombstones list``
    """
    from syncd import clock  # noqa: PLC0415

    with context.obj.app(connect=False) as app:
        found = app.store.tombstones.all(now=clock.now(), everything=everything)
    _show(found, as_json=as_json)


@COMMAND.command("clear")
def clear(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Tombstones' ids.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Lift tombstones: it may be done again.

    Writes to no remote system.

    Examples: ``syncd tombstones clear tmb_1f…``
    """
    from syncd import clock  # noqa: PLC0415
    from syncd.pipeline.settle import homes_naming  # noqa: PLC0415

    with context.obj.app(connect=False) as app:
        standing = {one.id for one in app.store.tombstones.all(now=clock.now())}
        for one in ids:
            if one not in standing:
                remedy = "list them: syncd tombstones list"
                raise UsageError(
                    Problem(where=one, what="no such tombstone", remedy=remedy)
                )
        lifted = app.store.tombstones.clear(ids, now=clock.now())
        for one in lifted:
            app.store.mirror.mark_dirty(homes_naming(one.what, app.store.mirror))
    _show(lifted, as_json=as_json)


def _show(found: "Sequence[Tombstone]", *, as_json: bool) -> None:
    from syncd.cli.output import print_json, print_table  # noqa: PLC0415

    if as_json:
        print_json(
            [{"id": one.id, **_plain(one)} for one in found],
        )
        return
    print_table(
        ("tombstone", "kind", "since", "until", "record", "fields", "why"),
        [
            (
                one.id,
                one.kind.value,
                f"{one.made_at:%Y-%m-%d}",
                _until(one),
                f"{one.object} {one.what}",
                ", ".join(one.fields),
                one.says,
            )
            for one in found
        ],
        empty="nothing: no tombstone stands",
    )


def _plain(one: "Tombstone") -> dict[str, object]:
    import msgspec  # noqa: PLC0415

    return dict(msgspec.to_builtins(one))


def _until(one: "Tombstone") -> str:
    if one.cleared_at is not None:
        return f"cleared {one.cleared_at:%Y-%m-%d}"
    return f"{one.expires_at:%Y-%m-%d}" if one.expires_at else "it is cleared"
