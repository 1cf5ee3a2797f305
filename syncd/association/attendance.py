"""How likely it is that just these people come to a meeting about an opportunity.

Each person has a chance beforehand, by contact roles. The meetings of those months that
people related to the opportunity, with that person and without, bend it. Both are told
as log-odds beside somebody of whom nothing is known, so that they add up with the rest.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from syncd.association.ground import Deal, Stand
from syncd.association.history import Tally
from syncd.model.record import RecordRef

_NEW_FACES: Final = 0.02
"""Share of the meetings to which just anybody may come for once."""
_DOUBT: Final = 3.0
"""Known meetings that the chance beforehand counts as much as."""


def _widened(chance: float) -> float:
    """A chance, with room for those who come for once."""
    return _NEW_FACES + (1.0 - _NEW_FACES) * chance


class Chance(msgspec.Struct, frozen=True, gc=False):
    """Share of an opportunity's meetings to which somebody comes, before any is known.

    ``widened`` has room for those who come for once; ``worth`` are its log-odds beside
    somebody of whom nothing is known.
    """

    share: float
    widened: float
    worth: float


def _chance(share: float, unknown: float = 0.15) -> Chance:
    widened = _widened(share)
    return Chance(share, widened, math.log(widened / _widened(unknown)))


_HAD_ROLE: Final = _chance(0.45)
"""Of somebody with a contact role."""
_ROLE_LATER: Final = _chance(0.35)
"""The same where the role came later, is of unknown age, or is in Outreach only."""
_OTHERS_ROLES: Final = _chance(0.05)
"""The same where only others had roles: roles are often missing."""
_UNKNOWN: Final = _chance(0.15)
"""The same where nobody had a role, so that nothing tells who belongs to it."""


class Attendance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What those who took part say of one opportunity.

    ``by_roles`` is the log-odds of all of them by contact roles, ``by_meetings`` what
    other meetings add to it. ``roles`` are the roles that they have, ``meetings``
    activities of other meetings about it to which they came, ``known`` how many
    meetings about it are known.
    """

    by_roles: float
    by_meetings: float
    roles: tuple[Stand, ...]
    meetings: tuple[RecordRef, ...]
    known: int


def attendance_of(
    deal: Deal,
    people: Sequence[tuple[str, ...]],
    met: Sequence[Tally],
    *,
    at: datetime,
    known: int,
) -> Attendance:
    """How likely these people were to come to a meeting about an opportunity.

    Args:
        deal: The opportunity.
        people: The contacts of each person.
        met: What people related each one's other interactions to.
        at: When it was.
        known: How many other interactions people related to the opportunity.
    """
    key, by_roles, by_meetings = deal.opportunity.id, 0.0, 0.0
    roles: list[Stand] = []
    meetings: set[RecordRef] = set()
    unheld = _OTHERS_ROLES if deal.had_any_role(at) else _UNKNOWN
    for person, tally in zip(people, met, strict=True):
        stand = deal.best_stand(person, at)
        chance = unheld
        if stand is not None:
            roles.append(stand)
            had = stand.had_at(at) and not stand.only_in_outreach
            chance = _HAD_ROLE if had else _ROLE_LATER
        by_roles += chance.worth
        came = 0
        if seen := tally.get(key):
            came = len(seen)
            meetings.update(seen.values())
        if count := max(known, came):
            bent = (came + _DOUBT * chance.share) / (count + _DOUBT)
            by_meetings += math.log(_widened(bent) / chance.widened)
    return Attendance(
        by_roles=by_roles,
        by_meetings=by_meetings,
        roles=tuple(roles),
        meetings=tuple(sorted(meetings)) if meetings else (),
        known=known,
    )
