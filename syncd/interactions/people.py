"""People of a cluster: every participant once, with the strongest match."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from syncd.identity.directory import CONTACT_PREFIX, LEAD_PREFIX, Directory
from syncd.identity.resolve import (
    Clue,
    resolve,
    resolve_contact,
    resolve_lead,
    resolve_prospect,
)
from syncd.interactions.cluster import Cluster
from syncd.interactions.nameless import without_doubles
from syncd.model.entities import Activity, Call, Engagement, Mailing, Meeting
from syncd.model.interaction import MatchKey, Participant, Side

_STRENGTH = tuple(MatchKey)
_PLACES = tuple(Side)


@dataclass(frozen=True, kw_only=True)
class People:
    """Resolves participants of records, each clue once per view."""

    directory: Directory
    _cache: dict[Clue, Participant] = field(default_factory=dict)
    _contacts: dict[str, Participant] = field(default_factory=dict)
    _prospects: dict[tuple[str, bool | None], Participant] = field(default_factory=dict)
    _users: dict[str, Participant] = field(default_factory=dict)

    def of_clue(self, clue: Clue) -> Participant:
        """The participant behind a clue."""
        found = self._cache.get(clue)
        if found is None:
            found = self._cache[clue] = resolve(self.directory, clue)
        return found

    def of_meeting(self, meeting: Meeting) -> Iterator[Participant]:
        """Invited people and the organiser."""
        for attendee in meeting.attendees:
            yield self.of_clue(
                Clue(
                    email=attendee.email,
                    name=attendee.name,
                    is_resource=attendee.is_resource,
                    attended=False if attendee.response == "declined" else None,
                )
            )
        if meeting.organizer_email:
            yield self.of_clue(Clue(email=meeting.organizer_email))

    def of_engagement(self, engagement: Engagement) -> Iterator[Participant]:
        """People whom Chorus names, and the recorder."""
        for person in engagement.participants:
            yield self.of_clue(
                Clue(email=person.email, name=person.name, is_ours=person.is_rep)
            )
        if engagement.owner_email:
            yield self.of_clue(Clue(email=engagement.owner_email, is_ours=True))

    def of_call(self, call: Call) -> Iterator[Participant]:
        """The caller and the person called."""
        user_id = self.directory.user_of_outreach(call.user_id)
        if user_id is not None:
            yield self.of_user(user_id)
        if call.prospect_id is not None:
            yield self.of_prospect(call.prospect_id, attended=was_answered(call))
        elif call.to_phone is not None:
            yield self.of_clue(Clue(phone=call.to_phone))

    def of_mailing(self, mailing: Mailing) -> Iterator[Participant]:
        """The sender and the recipient."""
        user_id = self.directory.user_of_outreach(mailing.user_id)
        if user_id is not None:
            yield self.of_user(user_id)
        if mailing.prospect_id is not None:
            yield self.of_prospect(mailing.prospect_id)

    def of_activity(self, activity: Activity) -> Iterator[Participant]:
        """The owner and the people that a Salesforce activity names."""
        owner_id = activity.owner_id
        if owner_id in self.directory.org.users and owner_id is not None:
            yield self.of_user(owner_id)
        for who_id in sorted({*activity.who_ids, *filter(None, [activity.who_id])}):
            if who_id.startswith(CONTACT_PREFIX):
                yield self.of_contact(who_id)
            elif who_id.startswith(LEAD_PREFIX):
                yield resolve_lead(self.directory, who_id)

    def of_contact(self, contact_id: str) -> Participant:
        """The participant that an activity names by contact id."""
        found = self._contacts.get(contact_id)
        if found is None:
            found = resolve_contact(self.directory, contact_id)
            self._contacts[contact_id] = found
        return found

    def of_prospect(
        self, prospect_id: str, *, attended: bool | None = None
    ) -> Participant:
        """The participant that Outreach names by prospect id."""
        key = (prospect_id, attended)
        found = self._prospects.get(key)
        if found is None:
            found = resolve_prospect(self.directory, prospect_id, attended=attended)
            self._prospects[key] = found
        return found

    def of_user(self, user_id: str) -> Participant:
        """One of our own people; an integration's user is no participant."""
        found = self._users.get(user_id)
        if found is None:
            user = self.directory.org.users.get(user_id)
            is_tool = user_id in self.directory.org.integration_user_ids
            found = self._users[user_id] = Participant(
                side=Side.EXCLUDED if is_tool else Side.INTERNAL,
                email=user.email.casefold() if user and user.email else None,
                name=user.name if user else None,
                user_id=user_id,
                matched_by=MatchKey.CRM_ID,
                reason="an integration's user" if is_tool else "one of our own",
            )
        return found

    def of_cluster(self, cluster: Cluster) -> tuple[Participant, ...]:
        """Everybody once, sorted; a person named by several records is merged."""
        everybody: list[Participant] = []
        for meeting in cluster.meetings:
            everybody += self.of_meeting(meeting)
        for engagement in cluster.engagements:
            everybody += self.of_engagement(engagement)
        for call in cluster.calls:
            everybody += self.of_call(call)
        for mailing in cluster.mailings:
            everybody += self.of_mailing(mailing)
        # The activity's own people are what gets checked; they are believed only
        # where no other system knows who took part on their side.
        everybody = without_doubles(self.directory, everybody)
        sourced = {person.side for person in everybody}
        for activity in cluster.activities:
            people = self.of_activity(activity)
            everybody += (person for person in people if person.side not in sourced)
        return merge(everybody)


def was_answered(call: Call) -> bool | None:
    """Whether somebody picked up; None when the call does not say.

    Published samples spell the outcome in several ways, so any spelling of "no"
    counts as unanswered.
    """
    if call.answered_at is not None:
        return True
    outcome = (call.outcome or "").casefold().replace("_", " ")
    if not outcome:
        return None
    return not (outcome.startswith("no") or "voicemail" in outcome)


def _identity(person: Participant) -> tuple[str, ...]:
    if person.user_id is not None:
        return ("user", person.user_id)
    if person.contact_ids:
        return ("contacts", *person.contact_ids)
    if person.email is not None:
        return ("email", person.email)
    if person.prospect_ids:
        return ("prospects", *person.prospect_ids)
    return ("name", person.side.value, (person.name or "").casefold())


def _attended(first: bool | None, second: bool | None) -> bool | None:  # noqa: FBT001 - three-valued, order does not matter
    if first is None or second is None:
        return second if first is None else first
    return first or second


def _merged(first: Participant, second: Participant) -> Participant:
    strong, weak = sorted((first, second), key=_order)
    return msgspec.structs.replace(
        strong,
        email=strong.email or weak.email,
        name=strong.name or weak.name,
        lead_ids=tuple(sorted({*first.lead_ids, *second.lead_ids})),
        prospect_ids=tuple(sorted({*first.prospect_ids, *second.prospect_ids})),
        attended=_attended(first.attended, second.attended),
    )


def _order(person: Participant) -> tuple[int, str, str, str]:
    return (
        _STRENGTH.index(person.matched_by),
        person.email or "",
        person.name or "",
        person.reason,
    )


def merge(people: Iterable[Participant]) -> tuple[Participant, ...]:
    """Each person once, ours first, then by address and name."""
    found: dict[tuple[str, ...], Participant] = {}
    for person in sorted(people, key=_order):
        key = _identity(person)
        known = found.get(key)
        found[key] = person if known is None else _merged(known, person)
    return tuple(sorted(found.values(), key=_rank))


def _rank(person: Participant) -> tuple[int, str, str, tuple[int, str, str, str]]:
    return (
        _PLACES.index(person.side),
        person.email or "",
        person.name or "",
        _order(person),
    )
