"""Many rows in one call: order kept, one result each, runs of types.

Source: REST API Developer Guide (sObject Collections).
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import Tables

_MOST: Final = 200
_MOST_RUNS: Final = 10
_VICTIM: Final = RefusalError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using "
    "AllOrNone header",
)
_T = TypeVar("_T")


def check_size(types: Sequence[str]) -> None:
    """Refuse a collection that is too long, or whose types alternate too often.

    Raises:
        RefusalError: More than 200 rows, or more than 10 runs of one type.
    """
    if len(types) > _MOST or sum(1 for _ in groupby(types)) > _MOST_RUNS:
        raise RefusalError("EXCEEDED_ID_LIMIT", "too many records or type changes")


def write_many(
    tables: Tables,
    items: Sequence[_T],
    write: Callable[[_T], dict[str, Any]],
    *,
    all_or_none: bool,
) -> list[dict[str, Any]]:
    """Write each; results in the same order, refusals as rows.

    With ``all_or_none`` one refusal takes everything back, and rows that were fine
    report that they are victims.
    """
    before = tables.snapshot() if all_or_none else None
    answers: list[dict[str, Any]] = []
    for item in items:
        try:
            answers.append({**write(item), "success": True, "errors": []})
        except RefusalError as refusal:
            answers.append(refusal.row())
    if before is None or all(one["success"] for one in answers):
        return answers
    tables.restore(before)
    return [_VICTIM.row() if one["success"] else one for one in answers]
