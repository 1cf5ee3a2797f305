"""Labels: what a person (or a generated company) says is right, one per activity."""

import csv
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from syncd.errors import ConfigError, Problem
from syncd.model.ids import salesforce_id
from syncd.model.record import RecordRef

COLUMNS: Final = ("activity_id", "opportunity_id")
SLICES_COLUMN: Final = "slices"
SHOWN_PROBLEMS: Final = 100
_ACTIVITIES: Final = {"00T": "Task", "00U": "Event"}
_TARGETS: Final = {"006": "Opportunity", "500": "Case"}
_HEADER: Final = ",".join(COLUMNS)


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a labels file.

    Attributes:
        line: Line of the file, the header being 1.
        target: The right opportunity or case; None when none fits.
        slices: Names given in the optional third column.
    """

    line: int
    activity: RecordRef
    target: RecordRef | None = None
    slices: frozenset[str] = frozenset()


def read_labels(text: str, *, name: str) -> tuple[Label, ...]:
    """The labels of a CSV text, in its order.

    The header is ``activity_id,opportunity_id``, optionally followed by ``slices``
    (names separated by ``|``). Ids may have 15 or 18 characters.

    Args:
        text: The whole file.
        name: What the file is called in problems.

    Raises:
        ConfigError: Every bad line at once, with its number.
    """
    rows = list(_rows(text, name))
    if not rows:
        raise ConfigError([_problem(name, 1, "the file is empty", f"begin {_HEADER}")])
    _check_header(rows[0][1], name)
    labels: list[Label] = []
    problems: list[Problem] = []
    first_lines: dict[RecordRef, int] = {}
    for line, cells in rows[1:]:
        found = _label(line, cells, width=len(rows[0][1]), name=name)
        if isinstance(found, Problem):
            problems.append(found)
        elif (first := first_lines.setdefault(found.activity, line)) != line:
            what = f"{found.activity.id} has a label already, on line {first}"
            problems.append(_problem(name, line, what, "keep one of the two"))
        else:
            labels.append(found)
    if not labels and not problems:
        what = "there is no label below the header"
        problems = [_problem(name, 1, what, "add a line per activity")]
    refuse(problems, name=name)
    return tuple(labels)


def refuse(problems: Sequence[Problem], *, name: str) -> None:
    """Raise everything that is wrong with a labels file, if anything is.

    Raises:
        ConfigError: The first hundred problems, and how many more there are.
    """
    if not problems:
        return
    shown = list(problems[:SHOWN_PROBLEMS])
    more = len(problems) - len(shown)
    if more:
        what = f"{more} more lines are wrong"
        shown.append(Problem(where=name, what=what, remedy="mend these first"))
    raise ConfigError(shown)


def problem_of(label: Label, *, name: str, what: str, remedy: str) -> Problem:
    """Something that is wrong with one label."""
    return _problem(name, label.line, what, remedy)


def _problem(name: str, line: int, what: str, remedy: str) -> Problem:
    return Problem(where=f"{name}:{line}", what=what, remedy=remedy)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are not blank, with their numbers.

    Raises:
        ConfigError: The text is not CSV.
    """
    reader = csv.reader(text.removeprefix("\ufeff").splitlines(), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        found = _problem(name, reader.line_num, f"is not CSV: {error}", "mend the line")
        raise ConfigError([found]) from None


def _check_header(cells: Sequence[str], name: str) -> None:
    if tuple(cells) in {COLUMNS, (*COLUMNS, SLICES_COLUMN)}:
        return
    what = "the header is another one"
    remedy = f"the first line is {_HEADER}, and may end in ,{SLICES_COLUMN}"
    raise ConfigError([_problem(name, 1, what, remedy)])


def _label(
    line: int, cells: Sequence[str], *, width: int, name: str
) -> Label | Problem:
    if len(cells) != width:
        what = f"has {len(cells)} columns, the header has {width}"
        return _problem(name, line, what, "mend the line")
    activity = _ref(cells[0], _ACTIVITIES)
    if activity is None:
        what = f"{_shown(cells[0])} is no id of a Task or Event"
        return _problem(name, line, what, "give an id that begins with 00T or 00U")
    target = _ref(cells[1], _TARGETS)
    if cells[1] and target is None:
        what = f"{_shown(cells[1])} is no id of an Opportunity or Case"
        remedy = "give an id that begins with 006 or 500, or none when none fits"
        return _problem(name, line, what, remedy)
    names = cells[2].split("|") if width > len(COLUMNS) else []
    return Label(
        line=line,
        activity=activity,
        target=target,
        slices=frozenset(filter(None, map(str.strip, names))),
    )


def _ref(text: str, objects: dict[str, str]) -> RecordRef | None:
    full = salesforce_id(text)
    kind = objects.get(text[:3])
    return RecordRef("salesforce", kind, full) if full and kind else None


def _shown(text: str) -> str:
    """A cell in a message: cut, since it may be anything."""
    longest = 24
    return repr(text if len(text) <= longest else f"{text[:longest]}…")
