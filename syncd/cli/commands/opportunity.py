"""``syncd opportunity``."""

from typing import Annotated

import typer

from syncd.cli.options import AsJson


def opportunity(
    context: typer.Context,
    record_id: Annotated[
        str, typer.Argument(metavar="ID", help="Salesforce id, 15 or 18 characters.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show an opportunity: people, timeline and findings. Changes nothing.

    Examples: ``syncd opportunity 0065g00000AbCdEAAV``
    """
    from syncd.cli.timeline import show  # noqa: PLC0415

    show(context.obj, kind="opportunity", given=record_id, as_json=as_json)


COMMAND = opportunity
