"""Both sides of an opportunity as a view has them, beside their base."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from syncd.membership.compare import Primary, Sides, Standing, moved, primary, standing
from syncd.membership.people import (
    contacts_for,
    prospect_role_key,
    role_key,
    survivor,
    twins_of,
    was_taken_off,
)
from syncd.model.entities import (
    ContactRole,
    Opportunity,
    OutreachOpportunity,
    ProspectRole,
)
from syncd.model.membership import Base
from syncd.model.record import RecordRef
from syncd.model.view import AccountView

_RoleT = TypeVar("_RoleT", ContactRole, ProspectRole)


@dataclass(frozen=True, kw_only=True)
class Membership:
    """Who is on one opportunity, on both sides.

    Attributes:
        roles: Contact roles by contact, merged contacts by their survivor.
        prospect_roles: Prospect roles by contact, for prospects that are one contact.
        others: Prospect roles of prospects that are no or several contacts.
        base: As this view understands it: merged contacts by their survivor, without
            what was undone, empty for an opportunity never compared before.
    """

    opportunity: Opportunity
    twin: OutreachOpportunity
    roles: Mapping[str, tuple[ContactRole, ...]]
    prospect_roles: Mapping[str, tuple[ProspectRole, ...]]
    others: tuple[ProspectRole, ...]
    sides: Sides
    base: Base

    def standing(self, contact_id: str) -> Standing:
        """How one contact stands."""
        return standing(self.sides, self.base, contact_id)

    def who(self, wanted: Standing) -> list[str]:
        """Contacts that stand so, sorted."""
        known = self.roles.keys() | self.prospect_roles.keys()
        return sorted(one for one in known if self.standing(one) is wanted)

    @property
    def primary(self) -> Primary:
        """How the primary contact stands."""
        return primary(self.sides, self.base)


def membership(view: AccountView, opportunity: Opportunity) -> Membership | None:
    """Both sides of an opportunity; None without exactly one twin in Outreach."""
    twins = twins_of(view, opportunity)
    if len(twins) != 1:
        return None
    roles: dict[str, list[ContactRole]] = defaultdict(list)
    for role in _by_id(view.roles_by_opportunity.get(opportunity.id, ())):
        roles[survivor(view, role.contact_id)].append(role)
    theirs: dict[str, list[ProspectRole]] = defaultdict(list)
    others: list[ProspectRole] = []
    doubtful: set[str] = set()
    strangers: set[str] = set()
    for found in _by_id(view.prospect_roles_by_opportunity.get(twins[0].id, ())):
        prospect = view.prospects.get(found.prospect_id)
        contacts = contacts_for(view, prospect) if prospect else ()
        if len(contacts) == 1:
            theirs[contacts[0].id].append(found)
            continue
        others.append(found)
        doubtful.update(contact.id for contact in contacts)
        if not contacts:
            strangers.add(found.prospect_id)
    placed = {role.prospect_id: who for who, some in theirs.items() for role in some}
    sides = Sides(
        twin_id=twins[0].id,
        salesforce=frozenset(roles),
        outreach={one: some[0].prospect_id for one, some in theirs.items()},
        doubtful=frozenset(doubtful),
        strangers=frozenset(strangers),
        salesforce_primary=_last_made_primary(view, roles),
        outreach_primary=_only(
            (
                *(
                    who
                    for who, some in theirs.items()
                    if any(r.is_primary for r in some)
                ),
                *(f"prospect {one.prospect_id}" for one in others if one.is_primary),
            )
        ),
    )
    return Membership(
        opportunity=opportunity,
        twin=twins[0],
        roles={key: tuple(some) for key, some in roles.items()},
        prospect_roles={key: tuple(some) for key, some in theirs.items()},
        others=tuple(others),
        sides=sides,
        base=_base(view, opportunity, sides, placed),
    )


def moved_bases(view: AccountView) -> Iterator[Base]:
    """Bases of the open opportunities that show something new, by opportunity.

    None while either system was not read to its end: what it lacks would look removed.
    """
    if view.org.incomplete & {"salesforce", "outreach"}:
        return
    for opportunity in sorted(view.records.opportunities, key=lambda o: o.id):
        both = None if opportunity.is_closed else membership(view, opportunity)
        if both is not None:
            base = moved(both.sides, both.base)
            if base != view.records.bases.get(opportunity.id):
                yield base


def _base(
    view: AccountView,
    opportunity: Opportunity,
    sides: Sides,
    placed: Mapping[str, str],
) -> Base:
    """The stored base in this view's terms; ``placed``: prospect there → contact.

    Without one, contacts whose role was seen being removed stand for Salesforce's
    side. A prospect that meanwhile is another contact says nothing of the former one.
    What ``syncd undo`` took off was not taken off by a person.
    """
    base = view.records.bases.get(opportunity.id)
    if base is None or base.twin_id != sides.twin_id:
        gone = (c for c in sides.outreach if was_taken_off(view, opportunity.id, c))
        base = Base(
            opportunity_id=opportunity.id,
            twin_id=sides.twin_id,
            salesforce=tuple(sorted(gone)),
        )
    undone = view.records.undone
    outreach = {}
    for contact, prospect in sorted(base.outreach.items()):
        who = survivor(view, contact)
        is_undone = prospect_role_key(sides.twin_id, prospect) in undone
        if placed.get(prospect, "" if is_undone else who) == who:
            outreach[who] = prospect
    salesforce = {
        who
        for contact in base.salesforce
        if (who := survivor(view, contact)) in sides.salesforce
        or role_key(opportunity.id, contact) not in undone
    }
    return Base(
        opportunity_id=base.opportunity_id,
        twin_id=base.twin_id,
        salesforce=tuple(sorted(salesforce)),
        outreach=outreach,
        primary=survivor(view, base.primary) if base.primary else base.primary,
    )


def _last_made_primary(
    view: AccountView, roles: Mapping[str, Sequence[ContactRole]]
) -> str | None:
    """Salesforce's primary contact; of several the one whose role moved last.

    Salesforce keeps one primary role per opportunity and demotes the former one, whose
    stamp need not move: what was read of it before may still show the flag.
    """
    leads = [(who, r.id) for who, some in roles.items() for r in some if r.is_primary]
    if len({who for who, _ in leads}) < 2:  # noqa: PLR2004 - one, or nobody
        return _only(who for who, _ in leads)
    at = {
        role_id: view.version_of(
            RecordRef("salesforce", "OpportunityContactRole", role_id)
        )
        for _, role_id in leads
    }
    newest = max(at.values(), key=lambda version: version or "")
    return _only(who for who, role_id in leads if at[role_id] == newest)


def _only(found: Iterable[str]) -> str | None:
    """The one found, empty for nobody, None for several."""
    several = set(found)
    return None if len(several) > 1 else next(iter(several), "")


def _by_id(roles: Iterable[_RoleT]) -> list[_RoleT]:
    return sorted(roles, key=lambda role: role.id)
