"""Prospect roles that are there: doubled, flagged otherwise, or of somebody gone."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from syncd.membership.compare import Primary, Standing
from syncd.membership.people import same_account
from syncd.membership.sides import Membership
from syncd.model.entities import ProspectRole
from syncd.model.finding import (
    Evidence,
    Expectation,
    Finding,
    Mode,
    ProposedChange,
)
from syncd.model.record import RecordRef
from syncd.model.view import AccountView
from syncd.rules._kit import about_opportunity, outreach_ref, salesforce_ref

ID: Final = "contact-on-outreach-opportunity"
PRACTICES: Final = ("0.13", "0.15", "0.32", "0.38")
SURE: Final = 0.99
LIKELY: Final = 0.8

about = partial(about_opportunity, rule=ID, practices=PRACTICES)


def doubled(view: AccountView, both: Membership) -> Iterator[Finding]:
    """People who are on it more than once in Outreach."""
    for contact_id, roles in sorted(both.prospect_roles.items()):
        if len(roles) < 2:  # noqa: PLR2004 - once is not doubled
            continue
        changes = tuple(_surplus(view, both, roles))
        name = view.contacts[contact_id].name
        yield about(
            view,
            both.opportunity,
            parts=(contact_id, "twice"),
            message=f"{name} is on it {len(roles)} times in Outreach.",
            evidence=tuple(_is_there(role) for role in roles),
            changes=changes,
            why_not="" if changes else "which of them people work with is not known",
        )


def _surplus(
    view: AccountView, both: Membership, roles: tuple[ProspectRole, ...]
) -> Iterator[ProposedChange]:
    """Ours, where somebody else's role of the same prospect came beside it.

    Only one that says nothing which the other does not say as well.
    """
    ours = [r for r in roles if _ref(r) in view.records.made]
    for role in ours:
        for twin in roles:
            if twin not in ours and _covers(twin, role):
                fields = {
                    "opportunity_id": twin.opportunity_id,
                    "prospect_id": twin.prospect_id,
                }
                yield _remove(
                    view,
                    both,
                    role,
                    mode=Mode.AUTO,
                    confidence=SURE,
                    reason="somebody else's role came beside the one we made",
                    also=(Expectation(ref=_ref(twin), fields=fields),),
                )
                break


def _covers(twin: ProspectRole, role: ProspectRole) -> bool:
    return (
        twin.prospect_id == role.prospect_id
        and role.role in {None, twin.role}
        and (twin.is_primary or not role.is_primary)
    )


def taken_off(
    view: AccountView, both: Membership, *, beside: Iterable[Finding]
) -> Iterator[Finding]:
    """Prospects whose contact was taken off the opportunity in Salesforce.

    Where a finding ``beside`` takes the primary flag from a role unattended, its
    removal comes after that.
    """
    opportunity = both.opportunity
    demoted = {
        change.target: change.effect_key
        for finding in beside
        for change in finding.changes
        if change.mode is Mode.AUTO and change.after == {"is_primary": False}
    }
    for contact_id in both.who(Standing.REMOVED_IN_SALESFORCE):
        contact = view.contacts[contact_id]
        roles = both.prospect_roles[contact_id]
        back = Expectation(
            ref=salesforce_ref("OpportunityContactRole", ""),
            fields={"opportunity_id": opportunity.id, "contact_id": contact_id},
        )
        foreign = not same_account(contact, opportunity)
        yield about(
            view,
            opportunity,
            parts=(contact_id, "removed"),
            message=f"{contact.name} was taken off it, but not in Outreach.",
            evidence=tuple(_is_there(role) for role in roles),
            changes=()
            if foreign
            else tuple(
                _remove(
                    view,
                    both,
                    role,
                    mode=Mode.REVIEW,
                    confidence=LIKELY,
                    reason="the contact was taken off the opportunity in Salesforce",
                    also=(back,),
                    after_keys=tuple(
                        key for ref, key in demoted.items() if ref == _ref(role)
                    ),
                )
                for role in roles
            ),
            why_not="the contact lives under another account" if foreign else "",
        )


def _remove(
    view: AccountView,
    both: Membership,
    role: ProspectRole,
    **more: Any,  # noqa: ANN401 - fields of ProposedChange
) -> ProposedChange:
    target = _ref(role)
    return ProposedChange(
        target=target,
        operation="delete",
        before={
            "opportunity_id": role.opportunity_id,
            "prospect_id": role.prospect_id,
            "role": role.role,
            "is_primary": role.is_primary and not more.get("after_keys"),
        },
        after={},
        account_id=both.opportunity.account_id,
        version=view.version_of(target),
        **more,
    )


def another_primary(view: AccountView, both: Membership) -> Iterator[Finding]:
    """Another primary contact in Salesforce than in Outreach, where that one counts."""
    wanted = both.sides.salesforce_primary
    if both.primary is Primary.UNCLEAR:
        if both.sides.salesforce_primary != both.sides.outreach_primary:
            yield _unclear(view, both)
        return
    follows = both.primary is Primary.MOVED_IN_SALESFORCE
    undecided = both.primary in {Primary.NEVER_AGREED, Primary.MOVED_APART}
    if not (follows or (undecided and wanted)):
        return
    if wanted and wanted not in both.prospect_roles:
        return  # not there yet, or taken off: said of the contact itself
    theirs = both.sides.outreach_primary or ""
    if not wanted and both.standing(theirs) is Standing.REMOVED_IN_SALESFORCE:
        return  # goes with the removal
    yield _flip(view, both, wanted or "", sure=follows)


def demotions(
    view: AccountView, both: Membership, wanted: str, *, sure: bool
) -> tuple[ProposedChange, ...]:
    """Changes that take the flag from everybody in Outreach but this contact."""
    others = [
        role
        for who, roles in sorted(both.prospect_roles.items())
        for role in roles
        if who != wanted
    ]
    return tuple(
        _flag(view, both, role, primary=False, sure=sure)
        for role in (*others, *both.others)
        if role.is_primary
    )


def _flip(view: AccountView, both: Membership, wanted: str, *, sure: bool) -> Finding:
    before = demotions(view, both, wanted, sure=sure)
    roles = both.prospect_roles.get(wanted, ())
    keys = tuple(change.effect_key for change in before)
    promotion = [
        _flag(view, both, role, primary=True, sure=sure, after_keys=keys)
        for role in roles[:1]
        if not role.is_primary
    ]
    contact = view.contacts.get(wanted)
    theirs = both.standing(both.sides.outreach_primary or "")
    why_not = ""
    if len(roles) > 1:
        why_not = "the contact is on it more than once in Outreach"
    elif contact is not None and not same_account(contact, both.opportunity):
        why_not = "the contact lives under another account"
    elif not sure and theirs is Standing.REMOVED_IN_SALESFORCE:
        why_not = "Outreach's was taken off in Salesforce: that is to be decided first"
    name = contact.name if contact else "Nobody"
    changes = (*before, *promotion)
    return about(
        view,
        both.opportunity,
        parts=("primary",),
        message=f"{name} is the primary contact, unlike in Outreach.",
        evidence=tuple(
            Evidence(ref=c.target, says=f"primary: {c.before['is_primary']}".lower())
            for c in changes
        ),
        changes=() if why_not else changes,
        why_not=why_not,
    )


def _flag(
    view: AccountView,
    both: Membership,
    role: ProspectRole,
    *,
    primary: bool,
    sure: bool,
    after_keys: tuple[str, ...] = (),
) -> ProposedChange:
    target = _ref(role)
    if sure:
        reason = "Salesforce changed it since both agreed, Outreach did not"
    elif both.primary is Primary.MOVED_APART:
        reason = "Salesforce says so; both changed it since they agreed"
    else:
        reason = "Salesforce says so; which side changed last is not known"
    return ProposedChange(
        target=target,
        operation="update",
        before={"is_primary": not primary},
        after={"is_primary": primary},
        also=tuple(_still(both)),
        after_keys=after_keys,
        mode=Mode.AUTO if sure else Mode.REVIEW,
        confidence=SURE if sure else LIKELY,
        reason=reason,
        account_id=both.opportunity.account_id,
        version=view.version_of(target),
        since=_since(view, both),
    )


def _since(view: AccountView, both: Membership) -> datetime | None:
    """When Salesforce's contact roles last moved; a flag has no instant of its own."""
    refs = (
        salesforce_ref("OpportunityContactRole", role.id)
        for roles in both.roles.values()
        for role in roles
    )
    versions = (view.version_of(ref) for ref in refs)
    return max((datetime.fromisoformat(v) for v in versions if v), default=None)


def _still(both: Membership) -> Iterator[Expectation]:
    """That Salesforce's primary contact is still the one, or Outreach's still not."""
    wanted = both.sides.salesforce_primary or ""
    for role in both.roles.get(wanted or both.sides.outreach_primary or "", ()):
        if role.is_primary is bool(wanted):
            ref = salesforce_ref("OpportunityContactRole", role.id)
            yield Expectation(ref=ref, fields={"is_primary": role.is_primary})


def _unclear(view: AccountView, both: Membership) -> Finding:
    named = (
        (both.sides.salesforce_primary, "Salesforce"),
        (both.sides.outreach_primary, "Outreach"),
    )
    where = " and ".join(system for who, system in named if who is None)
    return about(
        view,
        both.opportunity,
        parts=("primary",),
        message=f"It has several primary contacts in {where}.",
        evidence=tuple(
            _is_there(role)
            for roles in (*both.prospect_roles.values(), both.others)
            for role in roles
            if role.is_primary
        ),
        why_not="which of them is the one is for a person to say",
    )


def _is_there(role: ProspectRole) -> Evidence:
    flag = ", primary" if role.is_primary else ""
    return Evidence(ref=_ref(role), says=f"is on it in Outreach{flag}")


def _ref(role: ProspectRole) -> RecordRef:
    return outreach_ref("opportunityProspectRole", role.id)
