"""What is known about one account or opportunity, in the order it happened."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from syncd.errors import Problem, UsageError
from syncd.model.entities import ContactRole, ProspectRole
from syncd.model.finding import Finding
from syncd.model.record import RecordRef
from syncd.model.view import AccountView
from syncd.pipeline.look import Looker, Shown, interactions_of

_COMMANDS: Final = {
    ("salesforce", "Account"): "account",
    ("salesforce", "Opportunity"): "opportunity",
}


class RoleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person on an opportunity, on one side or on both."""

    person: Shown
    role: str
    is_primary: bool
    in_salesforce: bool
    in_outreach: bool


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One interaction: when, what became of it, and the records that speak of it."""

    at: datetime
    kind: str
    status: str
    target: str
    records: tuple[Shown, ...]


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person of an account: in Salesforce, in Outreach, and on how many deals."""

    contact: Shown | None
    prospects: tuple[Shown, ...] = ()
    opportunities: int = 0


class FindingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One finding, in a line."""

    id: str
    rule: str
    severity: str
    message: str
    subject: Shown


class OpportunityLine(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity of an account."""

    opportunity: Shown
    stage: str
    is_closed: bool
    close_date: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """An account or an opportunity with its people, its history and its faults."""

    subject: Shown
    opportunities: tuple[OpportunityLine, ...] = ()
    roles: tuple[RoleLine, ...] = ()
    people: tuple[PersonLine, ...] = ()
    entries: tuple[TimelineEntry, ...] = ()
    findings: tuple[FindingLine, ...] = ()


def account_timeline(look: Looker, account_id: str) -> Timeline:
    """Everything about one account.

    Raises:
        UsageError: No account with this id was read, or it is of something else.
    """
    ref = _only(look, account_id, "Account")
    judged = look.judged(look.home_of(ref)[0])
    view = judged.view
    keys = {interaction.key for interaction in view.interactions}
    return Timeline(
        subject=look.shown(ref),
        opportunities=tuple(_opportunities(look, view)),
        people=tuple(_people(look, view)),
        entries=tuple(_entries(look, view, keys)),
        findings=tuple(_finding_lines(look, judged.findings)),
    )


def opportunity_timeline(look: Looker, opportunity_id: str) -> Timeline:
    """Everything about one opportunity: people on both sides, history, findings.

    Raises:
        UsageError: No opportunity with this id was read, or it is of something else.
    """
    ref = _only(look, opportunity_id, "Opportunity")
    judged = look.judged(look.home_of(ref)[0])
    view = judged.view
    related = {
        interaction.key
        for interaction in view.interactions
        for member in interaction.refs
        if (activity := view.activities.get(member)) and activity.what_id == ref.id
    }
    keys = related | set(interactions_of(view, ref.id))
    findings = [f for f in judged.findings if f.opportunity_id == ref.id]
    return Timeline(
        subject=look.shown(ref),
        opportunities=tuple(
            line for line in _opportunities(look, view) if line.opportunity.id == ref.id
        ),
        roles=tuple(_roles(look, view, ref.id)),
        entries=tuple(_entries(look, view, keys)),
        findings=tuple(_finding_lines(look, findings)),
    )


def _only(look: Looker, given: str, object_name: str) -> RecordRef:
    refs = look.find(given)
    for ref in refs:
        if ref.system == "salesforce" and ref.object == object_name:
            return ref
    other = refs[0]
    command = _COMMANDS.get((other.system, other.object))
    raise UsageError(
        Problem(
            where=given,
            what=f"is no {object_name} but {other.system} {other.object}",
            remedy=f"syncd {command} {given}" if command else f"syncd explain {other}",
        )
    )


def _opportunities(look: Looker, view: AccountView) -> Iterable[OpportunityLine]:
    for one in sorted(view.records.opportunities, key=lambda o: (o.is_closed, o.id)):
        yield OpportunityLine(
            opportunity=look.shown(RecordRef("salesforce", "Opportunity", one.id)),
            stage=one.stage,
            is_closed=one.is_closed,
            close_date=one.close_date.isoformat() if one.close_date else "",
        )


def _entries(
    look: Looker, view: AccountView, keys: set[str]
) -> Iterable[TimelineEntry]:
    chosen = [one for one in view.interactions if one.key in keys]
    for one in sorted(chosen, key=lambda i: (i.starts_at, i.key), reverse=True):
        association = view.associations.get(one.key)
        target = association.target if association else None
        yield TimelineEntry(
            at=one.starts_at,
            kind=one.kind,
            status=one.status.value,
            target=look.shown(target).name if target else "",
            records=tuple(look.shown(ref) for ref in one.refs),
        )


def _finding_lines(look: Looker, findings: Iterable[Finding]) -> Iterable[FindingLine]:
    for finding in findings:
        yield FindingLine(
            id=finding.id,
            rule=finding.rule,
            severity=finding.severity.value,
            message=finding.message,
            subject=look.shown(finding.subject),
        )


def _people(look: Looker, view: AccountView) -> Iterable[PersonLine]:
    """Contacts and prospects of the account, one line per person."""
    roles: Counter[str] = Counter()
    for held in view.roles_by_opportunity.values():
        roles.update(role.contact_id for role in held)
    prospects = {prospect.id: prospect for prospect in view.records.prospects}
    for contact in sorted(view.records.contacts, key=lambda c: (c.name, c.id)):
        theirs = [p.id for p in prospects.values() if contact.id in p.crm_ids]
        for one in theirs:
            prospects.pop(one, None)
        yield PersonLine(
            contact=look.shown(RecordRef("salesforce", "Contact", contact.id)),
            prospects=tuple(_prospect(look, one) for one in sorted(theirs)),
            opportunities=roles[contact.id],
        )
    for one in sorted(prospects):
        yield PersonLine(contact=None, prospects=(_prospect(look, one),))


def _prospect(look: Looker, prospect_id: str) -> Shown:
    return look.shown(RecordRef("outreach", "prospect", prospect_id))


def _roles(look: Looker, view: AccountView, opportunity_id: str) -> Iterable[RoleLine]:
    """Contact roles and the prospect roles that stand for the same people."""
    outreach = _outreach_roles(view, opportunity_id)
    for role in view.roles_by_opportunity.get(opportunity_id, ()):
        yield _role_line(look, role, in_outreach=role.contact_id in outreach)
        outreach.pop(role.contact_id, None)
    for one in outreach.values():
        yield RoleLine(
            person=look.shown(RecordRef("outreach", "prospect", one.prospect_id)),
            role=one.role or "",
            is_primary=one.is_primary,
            in_salesforce=False,
            in_outreach=True,
        )


def _role_line(look: Looker, role: ContactRole, *, in_outreach: bool) -> RoleLine:
    return RoleLine(
        person=look.shown(RecordRef("salesforce", "Contact", role.contact_id)),
        role=role.role or "",
        is_primary=role.is_primary,
        in_salesforce=True,
        in_outreach=in_outreach,
    )


def _outreach_roles(view: AccountView, opportunity_id: str) -> dict[str, ProspectRole]:
    """Prospect roles by the contact that the prospect stands for, else by prospect."""
    mapped = {
        one.id
        for one in view.records.outreach_opportunities
        if opportunity_id in one.crm_ids
    }
    contact_of = {
        prospect.id: crm_id
        for prospect in view.records.prospects
        for crm_id in prospect.crm_ids
        if crm_id in view.contacts
    }
    return {
        contact_of.get(role.prospect_id, role.prospect_id): role
        for role in view.records.prospect_roles
        if role.opportunity_id in mapped
    }
