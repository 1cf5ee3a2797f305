"""What commands print: JSON, tables, and progress on a terminal."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

Progress = Callable[[str, str, int, int | None], None]
"""Called with (what, which, done so far, total or None)."""

_ARROW: Final = "next: "
_NEVER_FOLDED: Final = 24  # ids, instants and numbers are no use in two pieces
_PIPE_WIDTH: Final = 10_000


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """One JSON document on stdout; instants as ISO 8601."""
    import msgspec  # noqa: PLC0415

    plain = msgspec.to_builtins(value)
    print(json.dumps(plain, indent=2, ensure_ascii=False))


def _terminal() -> bool:
    return sys.stdout.isatty()


def has_colour() -> bool:
    """Whether stdout is a terminal that wants colour."""
    return _terminal() and "NO_COLOR" not in os.environ


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = ""
) -> None:
    """A table of plain text; without rows the words of ``empty``, if there are any.

    Fits a terminal; in a pipe a row is one line, however long, so that it can be
    searched and cut.
    """
    if not rows:
        if empty:
            print(empty)
        return
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    cells = [[str(cell) for cell in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, heading in enumerate(headings):
        widest = max(len(row[number]) for row in cells)
        table.add_column(
            heading, overflow="fold", no_wrap=widest <= _NEVER_FOLDED or not _terminal()
        )
    for row in cells:
        # Text, not str: a name such as "[red]" is a name and not mark-up.
        table.add_row(*(Text(" ".join(cell.split())) for cell in row))
    width = None if _terminal() else _PIPE_WIDTH
    colours: Literal["auto"] | None = "auto" if has_colour() else None
    console = Console(color_system=colours, width=width, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()), end="\n\n")


def say_next(step: str) -> None:
    """Where to go from here, on stderr, so that stdout stays data."""
    print(f"{_ARROW}{step}", file=sys.stderr)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A bar per system or step, on stderr; silent when that is not a terminal."""
    if not sys.stderr.isatty() or "NO_COLOR" in os.environ:
        yield lambda *_: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, tuple[Any, str]] = {}

        def advance(what: str, which: str, done: int, total: int | None) -> None:
            task, before = tasks.get(what, (None, ""))
            if task is None:
                task = bars.add_task("", total=total)
            elif which != before:
                bars.reset(task)
            tasks[what] = (task, which)
            name = f"{what} {which}".strip()
            bars.update(task, description=name, completed=done, total=total)

        yield advance
