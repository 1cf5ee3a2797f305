"""Which accounts the people of an occasion belong to, by what its records name."""

from collections.abc import Iterable, Iterator, Mapping

from syncd.model.view import AccountView


def accounts_of_occasions(
    views: Iterable[AccountView], same: Mapping[str, int]
) -> dict[str, frozenset[str]]:
    """By record, the accounts of everybody whom a record of its occasion names.

    Args:
        views: Every view of a world.
        same: True occasion by ``system/object/id``.
    """
    by_occasion: dict[int, set[str]] = {}
    for view in views:
        for record, accounts in _named(view):
            if record in same:
                by_occasion.setdefault(same[record], set()).update(accounts)
    return {
        record: frozenset(by_occasion.get(occasion, ()))
        for record, occasion in same.items()
    }


def _named(view: AccountView) -> Iterator[tuple[str, set[str]]]:
    """Each record with the accounts of the people that it names by itself."""
    records = view.records
    for activity in records.activities:
        people = (activity.who_id, *activity.who_ids)
        yield str(activity.ref), _by_contact(view, people)
    for meeting in records.meetings:
        emails = [one.email for one in meeting.attendees]
        yield f"google_calendar/Event/{meeting.id}", _by_email(view, emails)
    for engagement in records.engagements:
        emails = [one.email for one in engagement.participants]
        yield f"chorus/engagement/{engagement.id}", _by_email(view, emails)
    for call in records.calls:
        yield f"outreach/call/{call.id}", _by_prospect(view, call.prospect_id)
    for mail in records.mailings:
        yield f"outreach/mailing/{mail.id}", _by_prospect(view, mail.prospect_id)


def _by_contact(view: AccountView, ids: Iterable[str | None]) -> set[str]:
    known = (view.contacts.get(one or "") for one in ids)
    return {one.account_id for one in known if one and one.account_id}


def _by_email(view: AccountView, emails: Iterable[str | None]) -> set[str]:
    return {
        one.account_id
        for email in emails
        for one in view.contacts_by_email.get((email or "").casefold(), ())
        if one.account_id
    }


def _by_prospect(view: AccountView, prospect_id: str | None) -> set[str]:
    prospect = view.prospects.get(prospect_id or "")
    return _by_contact(view, prospect.crm_ids if prospect else ())
