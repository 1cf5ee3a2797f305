"""What Salesforce and Outreach keep of meetings, calls and mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.log_calendar import CalendarLog
from syncd.sandbox.world.corpus.texts import Written, write_texts
from syncd.sandbox.world.corpus.tools import holders, open_deals, pick
from syncd.sandbox.world.corpus.truth import Deal, Firm, Occasion, Person
from syncd.sandbox.world.org import DISPOSITIONS, OrgBuilder, Row

_BY_HAND: Final = 0.4
"""Of the calls: the share that people make and log without Outreach."""
_TO_ACCOUNT: Final = 0.12
"""Of people's records that name no deal: the share that names the account."""
_OLD_TIME: Final = 0.5
"""Of moved meetings: the share whose Event still says the old time."""
_CHILDREN: Final = 0.3
"""Of Events with several of ours: the share that invites them in Salesforce, too."""
_CASE_KNOWN: Final = 0.35


@dataclass(kw_only=True)
class ActivityLog:
    """Keeps the records of occasions, in the order in which they happen.

    ``habits`` are those of our people who differ from ``knobs``, by their ids.
    """

    build: OrgBuilder
    knobs_of_most: WorldKnobs
    calendar: CalendarLog
    recorder: str
    habits: Mapping[str, WorldKnobs]
    made: list[str] = field(default_factory=list)
    knobs: WorldKnobs = field(init=False)
    written: Written = field(init=False)

    def write(self, one: Occasion) -> list[str]:
        """Everything that anybody keeps of an occasion; ids of its activities."""
        self.made = []
        self.knobs = self.habits.get(one.host.id, self.knobs_of_most)
        self.written = write_texts(one, self.knobs, self.calendar.seed)
        if one.kind == "meeting":
            self._meeting(one)
        elif one.kind == "mail":
            self._mail(one)
        elif self.build.chance(_BY_HAND):
            self._call_by_hand(one)
        else:
            self._call(one)
        return self.made

    # --- which deal -------------------------------------------------------------------

    def _by_people(self, one: Occasion) -> str | None:
        """What the host relates a record to, rightly or not."""
        if one.about is None or not self.build.chance(self.knobs.related_by_people):
            named = one.firm and self.build.chance(_TO_ACCOUNT)
            return one.firm.id if named and one.firm else None
        if one.deal is None:
            return one.target if self.build.chance(_CASE_KNOWN) else None
        deal = one.deal
        if deal.created > one.at:
            return None  # there was no record to relate it to
        if self.build.chance(self.knobs.related_wrongly):
            others = [d for d in open_deals([deal.firm], one.at) if d is not deal]
            deal = self.build.random.choice(others) if others else deal
        return deal.id

    def _by_recorder(self, one: Occasion) -> Deal | None:
        known = [guest for guest in one.guests if guest.is_known]
        if not self.build.chance(self.knobs.hint_known):
            return None
        return pick(
            self.knobs.recorder_rule,
            open_deals(_firms(known), one.at),
            known,
            one.at,
            bulk_edits=self.knobs.bulk_edits,
        )

    def _by_outreach(self, one: Occasion) -> Deal | None:
        """Of the opportunities that the prospect is on."""
        known = [guest for guest in one.guests if guest.prospect]
        if not known or not self.build.chance(self.knobs.hint_known):
            return None
        theirs = [
            deal
            for deal in known[0].roles_on
            if deal.is_open_at(one.at) and known[0] in holders(deal, one.at)
        ]
        return pick(
            self.knobs.outreach_rule,
            theirs,
            known,
            one.at,
            bulk_edits=self.knobs.bulk_edits,
        )

    # --- meetings ---------------------------------------------------------------------

    def _meeting(self, one: Occasion) -> None:
        self.calendar.invite(one, self.written.agenda)
        if not one.guests:
            if one.is_private:
                self._event(one, by=one.host.id, what=None, at=one.at)
            return
        held = one.status != "cancelled"
        hint, engagement = None, ""
        if held and self.build.chance(self.knobs.recorded):
            hint = self._by_recorder(one)
            engagement = self.calendar.record(one, hint, self.written)
        if self.build.chance(self.knobs.logged_by_host):
            at = one.at
            if one.moved_from and self.build.chance(_OLD_TIME):
                at = one.moved_from
            self._event(one, by=one.host.id, what=self._by_people(one), at=at)
        if engagement and self.build.chance(self.knobs.logged_by_recorder):
            what = hint.id if hint else None
            self._event(
                one, by=self.recorder, what=what, at=one.at, engagement=engagement
            )

    def _event(
        self,
        one: Occasion,
        *,
        by: str,
        what: str | None,
        at: datetime,
        engagement: str = "",
    ) -> None:
        who = _who(one.guests)
        row: Row = {
            "Id": self.build.new_id("00U"),
            "Subject": one.former_title or one.title,
            "StartDateTime": stamp(at),
            "EndDateTime": stamp(at + timedelta(minutes=one.minutes)),
            "ActivityDateTime": stamp(at),
            "DurationInMinutes": one.minutes,
            "WhoId": who,
            "WhatId": None if str(who).startswith("00Q") else what,
            "OwnerId": one.host.id,
            "IsPrivate": one.is_private,
            "Description": None if one.is_private else self._note(),
        }
        if engagement:
            row["affectlayer__chorus_call_id__c"] = engagement
            row["Subject"] = f"[Chorus] {row['Subject']}"
            row["Description"] = self.written.logged or None
        later = at + timedelta(hours=1 if engagement else 0)
        self._add("Event", row, one, at=later, by=by)
        if not engagement and len(one.staff) > 1 and self.build.chance(_CHILDREN):
            self._children(row, one, at)

    def _children(self, row: Row, one: Occasion, at: datetime) -> None:
        for staffer in one.staff[1:]:
            copy = row | {
                "Id": self.build.new_id("00U"),
                "OwnerId": staffer.id,
                "IsChild": True,
            }
            self.build.add_salesforce("Event", copy, at=at, by=one.host.id)
            self.build.company.same[f"salesforce/Event/{copy['Id']}"] = one.number

    # --- calls and mails --------------------------------------------------------------

    def _call_by_hand(self, one: Occasion) -> None:
        row = self._task(one, one.title, "Call")
        row["CallDisposition"] = self.build.random.choice(DISPOSITIONS)
        row["WhatId"] = None if _is_lead(row) else self._by_people(one)
        self._add("Task", row, one, at=one.at, by=one.host.id)

    def _call(self, one: Occasion) -> None:
        """Made in Outreach, which pushes a task that names what its rule picks."""
        guest, hint = one.guests[0], self._by_outreach(one)
        disposition = self.build.random.choice(DISPOSITIONS)
        subject = f"[Outreach] [Call] [Outbound] {guest.name}"
        row = self._task(one, subject, "Call")
        row.update(CallDisposition=disposition, CallType="Outbound")
        if one.title_kind != "generic":
            row["Description"] = f"{one.title}. {self._note()}"
        self._push(one, row, hint)
        text = one.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attributes = {
            "direction": "outbound",
            "outcome": "Answered" if disposition == DISPOSITIONS[0] else "Not Answered",
            "state": "completed",
            "note": row["Description"],
            "to": guest.phone or None,
            "dialedAt": text,
            "answeredAt": text,
            "completedAt": text,
        }
        relations = self._relations(one, hint) | {
            "callDisposition": (
                "callDisposition",
                DISPOSITIONS.index(disposition) + 1,
            )
        }
        self._outreach(one, "call", row, attributes, relations)

    def _mail(self, one: Occasion) -> None:
        """Sent through Outreach, which pushes a task for it."""
        hint = self._by_outreach(one)
        row = self._task(one, f"[Outreach] [Email] [Out] {one.title}", "Email")
        self._push(one, row, hint)
        text = one.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attributes = {
            "subject": one.title,
            "state": "delivered",
            "deliveredAt": text,
            "messageId": f"<{one.number}@mail.northwind-cloud.com>",
        }
        self._outreach(one, "mailing", row, attributes, self._relations(one, hint))

    def _push(self, one: Occasion, row: Row, hint: Deal | None) -> None:
        row["WhatId"] = None if _is_lead(row) or hint is None else hint.id
        later = one.at + timedelta(minutes=12)
        self._add("Task", row, one, at=later, by=self.build.tool)

    def _relations(
        self, one: Occasion, hint: Deal | None
    ) -> dict[str, tuple[str, int] | None]:
        prospect = one.guests[0].prospect
        return {
            "prospect": ("prospect", prospect) if prospect else None,
            "user": ("user", one.host.outreach),
            "opportunity": ("opportunity", hint.outreach) if hint else None,
        }

    def _outreach(
        self,
        one: Occasion,
        kind: str,
        row: Row,
        attributes: Row,
        relations: dict[str, tuple[str, int] | None],
    ) -> None:
        number = self.build.add_outreach(
            kind, attributes, relations, at=one.at, crm=[("Task", row["Id"])]
        )
        self.build.company.same[f"outreach/{kind}/{number}"] = one.number

    def _task(self, one: Occasion, subject: str, kind: str) -> Row:
        return {
            "Id": self.build.new_id("00T"),
            "Subject": subject,
            "Status": "Completed",
            "Priority": "Normal",
            "Type": kind,
            "TaskSubtype": kind,
            "Description": self._note(),
            "ActivityDate": one.at.date().isoformat(),
            "CompletedDateTime": stamp(one.at),
            "WhoId": _who(one.guests),
            "WhatId": None,
            "OwnerId": one.host.id,
        }

    def _add(
        self, name: str, row: Row, one: Occasion, *, at: datetime, by: str
    ) -> None:
        self.build.add_salesforce(name, row, at=at, by=by)
        self.made.append(row["Id"])
        # Salesforce lets an activity of a lead be related to nothing.
        target = None if _is_lead(row) else one.target
        self.build.company.truth[row["Id"]] = target
        self.build.company.same[f"salesforce/{name}/{row['Id']}"] = one.number

    def _note(self) -> str:
        """The host's note, or small talk."""
        small_talk = self.build.random.choice(names.TOPICS)
        return self.written.note or small_talk


def _who(guests: Sequence[Person]) -> str | None:
    """The person a record names: the first whom Salesforce knows, contacts first."""
    contacts = [guest.contacts[0] for guest in guests if guest.contacts]
    leads = [guest.lead for guest in guests if guest.lead]
    return next(iter(contacts + leads), None)


def _is_lead(row: Row) -> bool:
    return str(row["WhoId"]).startswith("00Q")


def _firms(people: Sequence[Person]) -> list[Firm]:
    return list(dict.fromkeys(person.firm for person in people))
