"""In which home a record is judged, and why: keys that it looks up and defines.

A *key* names a person, a company or a deal in one system (``sf:003…``, ``mail:a@b.c``,
``op:12``). Records of people, accounts and deals define keys; every record looks keys
up. A record's home is the home of the strongest key it looks up. First the ids by which
it names another record of the same interaction, so that both are judged together
whomever either names; then people, deals and accounts, and for strangers the one
account whose website has their domain. Without any, the home is the e-mail domain, the
address itself for free mail, else the record. Between ids and people stands the meeting
that an Event's owner held at its start (:mod:`syncd.mirror.held`).

Who follows whom never goes round: calendar copies are filed by their people alone,
recordings after them, calls and mails by the person called; Salesforce's activities
after those; and calls, mails and recordings of nobody in particular after the activity
that logs them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch
from typing import Final

from syncd.model.entities import (
    Account,
    Activity,
    Call,
    Case,
    Contact,
    ContactRole,
    Engagement,
    Entity,
    Lead,
    Mailing,
    Meeting,
    Opportunity,
    OpportunityChange,
    OpportunityHistory,
    OutreachAccount,
    OutreachOpportunity,
    OutreachTask,
    Prospect,
    ProspectRole,
)
from syncd.model.mail import domain_of, domain_of_website, registrable_domain

NOWHERE: Final = ""
"""Home of records that are never judged: org-wide tables and internal meetings."""
JOINED: Final = -2
"""Tier of keys that name another record of the same interaction."""
HELD: Final = -1
"""Tier of keys by which an Event finds the meeting that its owner held then."""
COMPANY: Final = 9
"""Tier of the domains of addresses that nobody has."""
_TASK: Final = "00T"
LONGEST_ID: Final = 320
"""A longer id is none; a key or home made of this one still fits its column."""


@dataclass(frozen=True)
class Held:
    """In whose calendar something stands: an address or, of an Event, a user's id."""

    whose: str
    at: datetime
    is_event: bool = False


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What one record looks up (key → tier, 0 strongest) and what it defines.

    ``own_home`` is set for a Salesforce Account only. ``addresses`` are external
    e-mail addresses, for the home of last resort. ``held`` says in whose calendar it
    stands, and when.
    """

    looks_up: Mapping[str, int]
    defines: tuple[str, ...] = ()
    own_home: str = ""
    addresses: tuple[str, ...] = ()
    held: Held | None = None
    level: int = 3


def _lookups(
    *tiers: Iterable[str], joined: Iterable[str] = (), strangers: Iterable[str] = ()
) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys(joined, JOINED)
    found |= dict.fromkeys(_sites(strangers), COMPANY)
    for tier, keys in enumerate(tiers):
        for key in keys:
            found.setdefault(key, tier)
    return found


def _sf(*ids: str | None) -> list[str]:
    return [f"sf:{one}" for one in ids if one]


def _mail(addresses: Iterable[str | None]) -> list[str]:
    return [f"mail:{one}" for one in addresses if one]


def _untagged(addresses: Iterable[str]) -> list[str]:
    """The mailboxes behind addresses with a plus tag."""
    parts = ((*a.partition("+")[::2], domain_of(a)) for a in addresses)
    return [f"mail:{local}@{domain}" for local, tag, domain in parts if local and tag]


def _sites(addresses: Iterable[str]) -> list[str]:
    return [f"site:{registrable_domain(domain_of(one))}" for one in addresses]


def _named(kind: str, *ids: str | None) -> list[str]:
    return [f"{kind}:{one}" for one in ids if one and len(one) <= LONGEST_ID]


@singledispatch
def keys_of(_entity: Entity) -> Keys | None:
    """The keys of a record; None for org-wide tables, which have no home."""
    return None


@keys_of.register
def _(one: Account) -> Keys:
    site = domain_of_website(one.website)
    defines = (f"sf:{one.id}", *([f"site:{site}"] if site else []))
    return Keys(looks_up={}, defines=defines, own_home=one.id, level=0)


@keys_of.register
def _(one: Contact) -> Keys:
    return Keys(
        looks_up=_lookups(_sf(one.account_id)),
        defines=(f"sf:{one.id}", *_mail(one.emails)),
        addresses=one.emails,
        level=1,
    )


@keys_of.register
def _(one: Lead) -> Keys:
    # A converted lead is its contact; its addresses speak for the contact.
    own = () if one.is_converted else tuple(_mail(one.emails))
    return Keys(
        looks_up=_lookups(_sf(one.converted_account_id), _sf(one.converted_contact_id)),
        defines=(f"sf:{one.id}", *own),
        addresses=one.emails,
        level=1,
    )


@keys_of.register
def _(one: Opportunity) -> Keys:
    looks_up = _lookups(_sf(one.account_id))
    return Keys(looks_up=looks_up, defines=(f"sf:{one.id}",), level=1)


@keys_of.register
def _(one: Case) -> Keys:
    looks_up = _lookups(_sf(one.account_id), _sf(one.contact_id))
    return Keys(looks_up=looks_up, defines=(f"sf:{one.id}",), level=2)


@keys_of.register
def _(one: OutreachAccount) -> Keys:
    looks_up = _lookups(_sf(*one.crm_ids))
    return Keys(looks_up=looks_up, defines=(f"oa:{one.id}",), level=1)


@keys_of.register
def _(one: Prospect) -> Keys:
    return Keys(
        looks_up=_lookups(
            _sf(*one.crm_ids),
            _mail(one.emails),
            _named("oa", one.account_id),
            strangers=one.emails,
        ),
        defines=(f"op:{one.id}",),
        addresses=one.emails,
        level=2,
    )


@keys_of.register
def _(one: OutreachOpportunity) -> Keys:
    looks_up = _lookups(_sf(*one.crm_ids), _named("oa", one.account_id))
    return Keys(looks_up=looks_up, defines=(f"oo:{one.id}",), level=2)


@keys_of.register
def _(one: ContactRole) -> Keys:
    # Filed with its deal; the person's key brings another account's contact along.
    deal = _sf(one.opportunity_id)
    return Keys(looks_up=_lookups(deal, _sf(one.contact_id)))


@keys_of.register(OpportunityHistory)
@keys_of.register(OpportunityChange)
def _(one: OpportunityHistory | OpportunityChange) -> Keys:
    return Keys(looks_up=_lookups(_sf(one.opportunity_id)))


@keys_of.register
def _(one: ProspectRole) -> Keys:
    deal = _named("oo", one.opportunity_id)
    return Keys(looks_up=_lookups(deal, _named("op", one.prospect_id)))


def _held(
    whose: str | None, at: datetime | None, *, is_event: bool = False
) -> Held | None:
    return Held(whose, at, is_event) if whose and at else None


def _recordings(one: Activity) -> list[str]:
    named = (one.chorus_id, *one.note.chorus_ids)
    return [name.casefold() for name in named if name]


def _logs(crm_ids: Iterable[str]) -> list[str]:
    return [i for i in crm_ids if i.startswith(_TASK)]


@keys_of.register
def _(one: Activity) -> Keys:
    recordings = _recordings(one)
    joined = [f"log:{one.id}", *_named("recording", *recordings)]
    people = _sf(one.who_id, *one.who_ids)
    return Keys(
        looks_up=_lookups(people, _sf(one.what_id), _sf(one.account_id), joined=joined),
        defines=(*_sf(*_logs([one.id])), *_named("logged", *recordings)),
        held=_held(
            one.owner_id,
            None if one.is_all_day or one.is_recurrence else one.starts_at,
            is_event=True,
        ),
        level=5,
    )


@keys_of.register(Call)
@keys_of.register(Mailing)
def _(one: Call | Mailing) -> Keys:
    people = _named("op", one.prospect_id)
    deals = _named("oo", one.opportunity_id)
    logs = _logs(one.crm_ids)
    if not people and not deals:
        return Keys(looks_up=_lookups(_sf(*logs)), level=6)
    defines = tuple(f"log:{log}" for log in logs)
    return Keys(looks_up=_lookups(people, deals), defines=defines)


@keys_of.register
def _(one: OutreachTask) -> Keys:
    return Keys(
        looks_up=_lookups(
            _named("op", one.prospect_id),
            _named("oo", one.opportunity_id),
            _named("oa", one.account_id),
        )
    )


@keys_of.register
def _(one: Meeting) -> Keys:
    guests = tuple(a.email for a in one.attendees if a.email and not a.is_resource)
    return Keys(
        looks_up=_lookups(_mail(guests), _untagged(guests), strangers=guests),
        defines=tuple(_named("uid", one.ical_uid)),
        addresses=guests,
        held=_held(
            one.calendar,
            None if one.is_all_day or one.is_series_master else one.starts_at,
        ),
    )


@keys_of.register
def _(one: Engagement) -> Keys:
    people = tuple(p.email for p in one.participants if p.email and not p.is_rep)
    deal = _sf(one.opportunity_id)
    account = _sf(one.salesforce_account_id)
    invite = _named("uid", one.ical_uid)
    name = one.id.casefold()
    if not people and not deal and not account:
        logged = _named("logged", name)
        return Keys(looks_up=_lookups(logged, joined=invite), level=6)
    return Keys(
        looks_up=_lookups(
            _mail(people),
            _untagged(people),
            deal,
            account,
            joined=invite,
            strangers=people,
        ),
        defines=tuple(_named("recording", name)),
        addresses=people,
        held=_held(one.owner_email, one.scheduled_starts_at),
        level=4,
    )
