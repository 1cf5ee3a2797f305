"""Whether Outreach's own plug-in copies contact roles, as the roles' ages show. Pure.

The plug-in brings a contact role over some minutes after it was made (Outreach's
documentation of its Salesforce synchronisation); people seldom do so every time.
"""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Final

from syncd.membership.sides import membership
from syncd.model.view import AccountView

_ENOUGH: Final = 5
_SHARE: Final = 0.5


def lags(view: AccountView) -> Iterator[tuple[str, timedelta]]:
    """How much later than its contact role each prospect role was made, by its id.

    Of open opportunities. Roles that were in Outreach first, or at the same instant,
    copy nothing.
    """
    for opportunity in view.records.opportunities:
        both = None if opportunity.is_closed else membership(view, opportunity)
        for contact_id, theirs in both.prospect_roles.items() if both else ():
            ours = both.roles.get(contact_id, ()) if both else ()
            made = min((r.created_at for r in ours if r.created_at), default=None)
            for role in theirs:
                if made is not None and role.created_at and role.created_at > made:
                    yield role.id, role.created_at - made


def are_copied(
    seen: Collection[tuple[str, timedelta]],
    *,
    ours: Collection[str],
    within: timedelta,
) -> bool:
    """Whether enough prospect roles follow their contact role so soon.

    Args:
        seen: Lags by prospect role, see :func:`lags`.
        ours: Prospect roles that we made ourselves; they prove nothing.
        within: How soon the plug-in is done.
    """
    others = [lag for role_id, lag in seen if role_id not in ours]
    soon = sum(lag <= within for lag in others)
    return soon >= _ENOUGH and soon >= _SHARE * len(others)
