"""Records of hard cases in words: one line a record, as a person would note them.

A line is ``kind key [@account] field=value …``; README.md beside the cases lists the
kinds. Times are relative to NOW (``-3d``, ``+2h``) or of its year (``03-03T10:00``).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from syncd.mapping.readers import read_note
from syncd.model import entities as e
from syncd.model.view import HomeRecords, OrgContext
from tests.association.company_words import CompanyWords
from tests.association.lines import NOW, TUESDAY_TEN, Line, instant, read_line, span

_ANSWERS = {"yes": "accepted", "no": "declined", "maybe": "tentative"}
_STANDING = ["account acme", "user rep", "user tool name=Connector"]


@dataclass
class Words(CompanyWords):
    """Puts the records of one case together, with what all systems saw happen."""

    def read(self, text: str) -> None:
        """Take over every line."""
        for one in [*_STANDING, *filter(None, map(str.strip, text.splitlines()))]:
            line = read_line(one)
            getattr(self, f"_{line.kind}")(line)
            if line.values or line.flags:
                message = f"not understood in {one!r}: {line.values} {line.flags}"
                raise ValueError(message)

    # --- what other systems saw -----------------------------------------------

    def address(self, word: str) -> str:
        """The address behind a person's key, or the address itself."""
        return word if "@" in word else self.mails[word]

    def _attendee(self, word: str) -> e.Attendee:
        word, _, answer = word.partition("!")
        is_room = word.startswith("%")
        name, mark, mail = word.lstrip("%").rpartition("<")
        return e.Attendee(
            email=self.address(mail.rstrip(">")),
            name=name if mark else None,
            response=_ANSWERS[answer or "yes"],
            is_resource=is_room,
        )

    def _text(self, line: Line) -> e.NoteDigest:
        """What is kept of a text: what the product's own reader keeps."""
        kept = read_note([line.take("note", "")]) or {}
        return msgspec.convert(kept, e.NoteDigest)

    def _meeting(self, line: Line) -> None:
        owner = line.take("by", "rep")
        organiser = None if owner == "nobody" else self.address(owner)
        starts = line.take("at", TUESDAY_TEN, read=instant)
        ends = starts + line.take("for", timedelta(hours=1), read=span)
        guests = line.many("with")
        calendars = line.many("on") or ("rep",)
        attendees = tuple(self._attendee(w) for w in dict.fromkeys((*guests, "rep")))
        if line.flag("without-rep"):
            attendees = attendees[:-1]
        series = line.take("series")
        was = line.take("was", starts if series else None, read=instant)
        uid = line.take("uid", f"{series or line.key}@google.com")
        values = {
            "ical_uid": None if uid == "none" else uid,
            "title": line.take("title", "Demo"),
            "status": line.take("status", "confirmed"),
            "starts_at": starts,
            "ends_at": ends,
            "organizer_email": organiser,
            "attendees": () if line.flag("alone") else attendees,
            "series_id": series,
            "original_starts_at": was,
            "visibility": "private" if line.flag("private") else "default",
            "event_type": line.take("type", "default"),
            "is_series_master": line.flag("master"),
            "is_all_day": line.flag("all-day"),
            "created_at": line.take("made", NOW - timedelta(days=9), read=instant),
            "note": self._text(line),
        }
        for calendar in calendars:
            mail = self.address(calendar)
            row = e.Meeting(id=f"{mail}/{line.key}", calendar=mail, **values)
            self._add("meetings", row)
            self._note(line, row.id)

    def _voice(self, word: str) -> e.EngagementParticipant:
        is_rep = word.startswith("^")
        name, mark, mail = word.lstrip("^").rpartition("<")
        if mail.startswith("~"):
            spoken = mail[1:].replace(";", ",")
            return e.EngagementParticipant(name=spoken, is_rep=is_rep)
        return e.EngagementParticipant(
            email=self.address(mail.rstrip(">")),
            name=name if mark else None,
            is_rep=is_rep,
        )

    def _recording(self, line: Line) -> None:
        planned = line.take("at", TUESDAY_TEN, read=instant)
        is_planned = not line.flag("unplanned")
        deal, kind = line.take("deal"), line.take("type", "meeting")
        by, user = line.take("by", "rep"), line.take("recorder")
        row = e.Engagement(
            id=line.key,
            type=kind,
            subject=line.take("title", "Demo"),
            starts_at=line.take("began", planned, read=instant),
            scheduled_starts_at=planned if is_planned else None,
            scheduled_ends_at=planned + timedelta(hours=1) if is_planned else None,
            duration_s=line.take("lasted", 1800.0, read=lambda t: span(t).seconds),
            owner_email=None if by == "nobody" else self.address(by),
            owner_user_id=f"c-{user}" if user else None,
            participants=tuple(self._voice(word) for word in line.many("with")),
            opportunity_id=f"006{deal}" if deal else None,
            no_show=line.flag("no-show"),
            processing_state="done",
            ical_uid=line.take("uid"),
            is_private=line.flag("private"),
            note=self._text(line),
        )
        self._add("engagements", row)
        self._note(line, row.id)

    def _call(self, line: Line) -> None:
        at = line.take("at", TUESDAY_TEN, read=instant)
        to, deal, task = line.take("to"), line.take("deal"), line.take("task")
        row = e.Call(
            id=line.key,
            direction="outbound",
            outcome="Answered",
            prospect_id=f"p-{to}" if to else None,
            to_phone=line.take("phone"),
            user_id=f"u-{line.take('by', 'rep')}",
            opportunity_id=f"o-{deal}" if deal else None,
            dialed_at=at,
            answered_at=at + timedelta(seconds=5),
            completed_at=at + timedelta(minutes=4),
            crm_ids=(f"00T{task}",) if task else (),
            task_id=line.take("from"),
            note=self._text(line),
        )
        self._add("calls", row)
        self._note(line, row.id)

    def _mail(self, line: Line) -> None:
        deal, task = line.take("deal"), line.take("task")
        row = e.Mailing(
            id=line.key,
            state="delivered",
            subject=line.take("subject", "Hello"),
            delivered_at=line.take("at", TUESDAY_TEN, read=instant),
            prospect_id=f"p-{line.take('to', 'ann')}",
            opportunity_id=f"o-{deal}" if deal else None,
            user_id=f"u-{line.take('by', 'rep')}",
            message_id=line.take("message"),
            crm_ids=(f"00T{task}",) if task else (),
        )
        self._add("mailings", row)
        self._note(line, row.id)

    def _todo(self, line: Line) -> None:
        task = line.take("task")
        row = e.OutreachTask(
            id=line.key, action="call", crm_ids=(f"00T{task}",) if task else ()
        )
        self._add("outreach_tasks", row)
        self._note(line, row.id)

    # --- Salesforce's own activities ------------------------------------------

    def _activity(self, line: Line, prefix: str, **more: Any) -> None:
        owner, what = line.take("owner", "rep"), line.take("what")
        who = [self._person(key) for key in line.many("who")]
        note = msgspec.structs.replace(
            self._text(line),
            case_numbers=line.many("cases"),
            chorus_ids=line.many("link"),
        )
        created = line.take("made", read=instant)
        row = e.Activity(
            id=f"{prefix}{line.key}",
            subject=line.take("subject", "Demo"),
            who_id=who[0] if who else None,
            who_ids=tuple(who[1:]) and tuple(who),
            what_id=f"006{what}" if what else None,
            account_id="001acme",
            owner_id=f"005{owner}",
            created_by_id=f"005{line.take('author', owner)}",
            chorus_id=line.take("chorus"),
            note=note,
            is_private=line.flag("private"),
            created_at=created,
            modified_at=created,
            **more,
        )
        self._add("activities", row)
        self._note(line, row.id)

    def _person(self, key: str) -> str:
        leads = {lead.id for lead in self.rows.get("leads", [])}
        return f"00Q{key}" if f"00Q{key}" in leads else f"003{key}"

    def _task(self, line: Line) -> None:
        day = line.take("day", TUESDAY_TEN, read=instant).date()
        self._activity(
            line,
            "00T",
            object="Task",
            day=day,
            status="Completed",
            is_closed=not line.flag("open"),
            completed_at=line.take("done", read=instant),
            subtype=line.take("kind", "Call"),
        )

    def _event(self, line: Line) -> None:
        starts = line.take("at", TUESDAY_TEN, read=instant)
        ends = starts + line.take("for", timedelta(hours=1), read=span)
        is_all_day = line.flag("all-day")
        self._activity(
            line,
            "00U",
            object="Event",
            starts_at=None if is_all_day else starts,
            ends_at=None if is_all_day else ends,
            day=starts.date(),
            is_all_day=is_all_day,
            is_child=line.flag("child"),
            is_recurrence=line.flag("pattern"),
        )

    # --- the view -------------------------------------------------------------

    def records(self) -> HomeRecords:
        """What was told, as Acme's home with everybody else as its guests."""
        others = [a for key, a in self.accounts.items() if key != "acme"]
        rows = {kind: tuple(found) for kind, found in self.guests.items()}
        guests = HomeRecords(
            home="guests", account=others[-1] if others else None, **rows
        )
        return HomeRecords(
            home="001acme",
            account=self.accounts["acme"],
            guests=guests if others or rows else None,
            merged=self.merged,
            **{kind: tuple(found) for kind, found in self.rows.items()},
        )

    def org(self) -> OrgContext:
        """The org around it."""
        return OrgContext(
            users=self.users,
            outreach_users=self.outreach_users,
            chorus_users=self.chorus_users,
            email_domains=frozenset(self.domains),
            free_mail=frozenset({"gmail.com", "googlemail.com", "gmx.de"}),
            integration_user_ids=frozenset({"005tool"}),
            configured=frozenset(
                {"salesforce", "outreach", "google_calendar", "chorus"}
            ),
            stages=(
                e.OpportunityStage(id="s1", label="Open"),
                e.OpportunityStage(id="s2", label="Won", is_closed=True, is_won=True),
                e.OpportunityStage(id="s3", label="Lost", is_closed=True),
            ),
        )
