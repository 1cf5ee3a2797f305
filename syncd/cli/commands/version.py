"""``syncd version``."""

from typing import Annotated

import typer


def version(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Print the version. Changes nothing.

    Examples: ``syncd version``, ``syncd version --json``
    """
    from importlib.metadata import version as installed  # noqa: PLC0415

    number = installed("syncd")
    print(f'{{"version": "{number}"}}' if as_json else number)


COMMAND = version
