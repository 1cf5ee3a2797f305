"""What people call the records whose ids stand in a plan's changes. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncd.model.entities import (
    Account,
    Case,
    Contact,
    Lead,
    Opportunity,
    OutreachAccount,
    OutreachOpportunity,
    OutreachUser,
    Prospect,
    User,
)
from syncd.model.finding import Finding
from syncd.model.plan import Change, Names, name_key
from syncd.model.view import AccountView

_Named = (
    User
    | Contact
    | Lead
    | Account
    | Opportunity
    | Case
    | Prospect
    | OutreachOpportunity
    | OutreachAccount
    | OutreachUser
)


def names_in(
    findings: Iterable[Finding], view: AccountView
) -> Iterator[tuple[str, str, str]]:
    """System, key and name of every record of this view that their changes speak of."""
    spoken = {
        value
        for finding in findings
        for change in finding.changes
        for fields in (change.before, change.after)
        for value in fields.values()
        if isinstance(value, str)
    }
    for system, relation, records in _known(view) if spoken else ():
        for record_id in sorted(spoken & records.keys()):
            key = name_key(system, relation, record_id)
            yield system, key, _name(records[record_id])


def _known(view: AccountView) -> Iterator[tuple[str, str, Mapping[str, _Named]]]:
    """System, relationship and records by id; Outreach's are unique in their type."""
    org, own = view.org, view.records
    yield "salesforce", "", org.users
    yield "salesforce", "", view.contacts
    yield "salesforce", "", view.leads
    yield "salesforce", "", view.accounts
    yield "salesforce", "", view.opportunities
    yield "salesforce", "", view.cases
    for layer in (own, own.guests) if own.guests else (own,):
        yield "outreach", "prospect", {one.id: one for one in layer.prospects}
        deals = layer.outreach_opportunities
        yield "outreach", "opportunity", {one.id: one for one in deals}
        yield "outreach", "account", {one.id: one for one in layer.outreach_accounts}
    yield "outreach", "owner", org.outreach_users


def _name(record: _Named) -> str:
    return f"case {record.number}" if isinstance(record, Case) else record.name


def names_for(changes: Iterable[Change], known: Names) -> dict[str, dict[str, str]]:
    """Those names that the values of these changes refer to, in order."""
    found: dict[str, dict[str, str]] = {}
    for change in changes:
        mine = known.get(change.system, {})
        for field, value in _values(change):
            key = name_key(change.system, field, value)
            if mine.get(key):
                found.setdefault(change.system, {})[key] = mine[key]
    return {
        system: dict(sorted(names.items())) for system, names in sorted(found.items())
    }


def _values(change: Change) -> Iterator[tuple[str, Any]]:
    yield from change.before.items()
    yield from change.after.items()
