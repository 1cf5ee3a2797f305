"""``syncd init``."""

from pathlib import Path
from typing import Annotated

import typer

from syncd.errors import Problem, UsageError


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write them.")
    ] = Path(),
) -> None:
    """Write a commented syncd.toml and policy.toml. Never overwrites a file.

    Examples: ``syncd init``, ``syncd init ~/syncd``
    """
    from syncd.config.templates import policy_toml, syncd_toml  # noqa: PLC0415
    from syncd.plugins import rules  # noqa: PLC0415

    texts = {"syncd.toml": syncd_toml(), "policy.toml": policy_toml(rules())}
    for name in texts:
        if (folder / name).exists():
            raise UsageError(
                Problem(
                    where=str(folder / name),
                    what="is already there",
                    remedy="move it away, or name another folder",
                )
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"wrote {folder / name}")
    print("next: fill in the connectors, then run `syncd check`")


COMMAND = init
