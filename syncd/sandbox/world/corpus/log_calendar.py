"""What calendars and Chorus keep of a meeting."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.google_calendar.recurrence import occurrence_id
from syncd.sandbox.world.corpus.texts import Agenda, Written
from syncd.sandbox.world.corpus.truth import Deal, Occasion, Series
from syncd.sandbox.world.org import Company, Row

_INVITED: Final = timedelta(days=4)


def _number_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:26]
    return digest.translate(str.maketrans("wxyz", "abcd"))


def _z(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _when(at: datetime) -> Row:
    return {"dateTime": at.isoformat(), "timeZone": "UTC"}


@dataclass(kw_only=True)
class CalendarLog:
    """Keeps the copies of our own people, and recordings."""

    company: Company
    seed: int
    masters: dict[int, str] = field(default_factory=dict)

    def event_id(self, one: Occasion) -> str:
        """Id of the event, or of the series that it is an occurrence of."""
        if one.series is not None:
            return _number_of(f"series {self.seed} {one.series.number}")
        return _number_of(f"event {self.seed} {one.number}")

    def invite(self, one: Occasion, agenda: Agenda) -> None:
        """Put a meeting into the calendars of everybody of ours who is invited."""
        number = self.event_id(one)
        if one.series is not None:
            self._series(one, one.series, number, agenda)
            shown = occurrence_id(number, _when(one.at))
        else:
            shown = number
            for staffer in one.staff:
                event = self._event(one, number, agenda)
                self.company.calendars[staffer.email].append(event)
        for staffer in one.staff:
            self.company.same[f"google_calendar/Event/{staffer.email}/{shown}"] = (
                one.number
            )

    def _series(
        self, one: Occasion, series: Series, number: str, agenda: Agenda
    ) -> None:
        if series.number in self.masters:
            return
        self.masters[series.number] = number
        event = self._event(one, number, agenda) | {
            "recurrence": [f"RRULE:FREQ=WEEKLY;COUNT={max(series.times, 1)}"],
            "status": "confirmed",
            "start": _when(series.first),
            "end": _when(series.first + timedelta(minutes=one.minutes)),
        }
        self.company.calendars[series.host.email].append(event)

    def _event(self, one: Occasion, number: str, agenda: Agenda) -> Row:
        link = f"https://zoom.us/j/{int(number[:8], 16)}"
        text = agenda.shown(link)
        made = (one.moved_from or one.at) - _INVITED
        attendees: list[Row] = [
            {
                "email": staffer.email,
                "displayName": staffer.name,
                "responseStatus": "accepted",
                **({"organizer": True} if staffer is one.host else {}),
            }
            for staffer in one.staff
        ]
        attendees += [
            {
                "email": guest.address,
                "displayName": guest.name,
                "responseStatus": "declined" if one.status == "no_show" else "accepted",
            }
            for guest in one.guests
            if guest.address
        ]
        attendees += [
            {
                "email": address,
                "displayName": name,
                "responseStatus": "accepted",
                **({"resource": True} if "resource." in address else {}),
            }
            for address, name in one.others
        ]
        return {
            "id": number,
            "iCalUID": f"{number}@google.com",
            "status": "cancelled" if one.status == "cancelled" else "confirmed",
            "summary": one.title,
            **({"description": text} if text else {}),
            "location": link,
            "created": _z(made),
            "updated": _z(made),
            "start": _when(one.at),
            "end": _when(one.at + timedelta(minutes=one.minutes)),
            "organizer": {"email": one.host.email},
            "creator": {"email": one.host.email},
            "attendees": attendees,
            "eventType": "default",
            **({"visibility": "private"} if one.is_private else {}),
        }

    def record(self, one: Occasion, hint: Deal | None, written: Written) -> str:
        """Let Chorus have recorded a meeting; the engagement's id."""
        number = _number_of(f"recording {self.seed} {one.number}")[:24].upper()
        uid = f"{self.event_id(one)}@google.com"
        ends = one.at + timedelta(minutes=one.minutes)
        people: list[Row] = [
            {"name": s.name, "email": s.email, "type": "rep"} for s in one.staff
        ]
        people += [
            {"name": g.name, "email": g.address or None, "type": "customer"}
            for g in one.guests
        ]
        people += [
            {"name": name, "email": None, "type": "customer"} for name in one.unlisted
        ]
        deal = hint.id if hint else None
        subject = one.former_title or one.title
        engagement = {
            "engagement_id": number,
            "engagement_type": "meeting",
            "date_time": one.at.timestamp() + 60,
            "duration": one.minutes * 60.0 - 120,
            "subject": subject,
            "url": f"https://chorus.ai/meeting/{number}",
            "opportunity_id": deal,
            "user_email": one.host.email,
            "participants": people,
            "processing_state": "done",
            "no_show": one.status == "no_show",
            "meeting_summary": written.summary or None,
            "action_items": list(written.actions),
            "tracker_matches": [
                {"name": name, "num_matches": times, "type": "custom"}
                for name, times in written.trackers
            ],
        }
        conversation = {
            "name": subject,
            "status": "done",
            "source": "zoom",
            "private": False,
            "deal": {"id": deal} if deal else None,
            "account": {"ext_id": hint.firm.id, "name": hint.firm.name}
            if hint
            else None,
            "owner": {"email": one.host.email},
            "participants": [{**p, "is_my_team": p["type"] == "rep"} for p in people],
            "meeting": {"ical_uid": uid, "meeting_url": None},
            "recording": {
                "start_time": _z(one.at),
                "schedule_start_time": _z(one.at),
                "schedule_end_time": _z(ends),
            },
            "summary": written.summary or None,
            "action_items": list(written.actions),
        }
        self.company.engagements.append(
            {"engagement": engagement, "conversation": conversation}
        )
        self.company.same[f"chorus/engagement/{number}"] = one.number
        return number
