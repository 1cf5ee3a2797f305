"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Opportunities = Annotated[
    list[str] | None,
    typer.Option(
        "--opportunity", metavar="ID", help="Only this opportunity; repeatable."
    ),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="ID", help="Only this account; repeatable."),
]
Owners = Annotated[
    list[str] | None,
    typer.Option(
        "--owner", metavar="EMAIL", help="Only records of this person; repeatable."
    ),
]
Since = Annotated[
    list[str] | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="Only activities since this day (YYYY-MM-DD); of several the earliest.",
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="RULE", help="Only this rule; repeatable."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write the report to this file."
    ),
]
