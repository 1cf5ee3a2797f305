"""From a command's scope options to a scope."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from syncd.errors import Problem, UsageError

if TYPE_CHECKING:
    from syncd.model.scope import Scope


def scope_of(
    *,
    opportunities: Sequence[str] | None,
    accounts: Sequence[str] | None,
    owners: Sequence[str] | None,
    since: Sequence[str] | None,
) -> "Scope":
    """The scope of a run; of several first days the earliest counts.

    Raises:
        UsageError: A day that is none.
    """
    from syncd.model.scope import Scope  # noqa: PLC0415

    try:
        days = [date.fromisoformat(one) for one in since or ()]
    except ValueError:
        raise UsageError(
            Problem(
                where="--since",
                what="is not a day",
                remedy="write YYYY-MM-DD",
            )
        ) from None
    return Scope(
        opportunities=tuple(opportunities or ()),
        accounts=tuple(accounts or ()),
        owners=tuple(owners or ()),
        since=min(days) if days else None,
    )
