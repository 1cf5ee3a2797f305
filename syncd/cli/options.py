"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Opportunities = Annotated[
    list[str] | None,
    typer.Option("--opportunity", help="Only this opportunity; repeatable."),
]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account; repeatable.")
]
Owners = Annotated[
    list[str] | None,
    typer.Option("--owner", help="Only records of this person (e-mail); repeatable."),
]
Since = Annotated[
    list[str] | None,
    typer.Option("--since", help="Only activities since this day (YYYY-MM-DD)."),
]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", help="Only this rule; repeatable.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write the report to this file.")
]
