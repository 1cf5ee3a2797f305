"""Records of hard cases in words: one line a record, as a person would note them.

A line is ``kind key [@account] field=value …``; README.md beside the cases lists the
kinds. Times are relative to NOW (``-3d``, ``+2h``) or of its year (``03-03T10:00``).
"""

import re
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from syncd.model import entities as e
from syncd.model.view import HomeRecords, OrgContext

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday noon."""
TUESDAY_TEN = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
_SPAN = re.compile(r"([+-])(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_ANSWERS = {"yes": "accepted", "no": "declined", "maybe": "tentative"}
_STANDING = ["account acme", "user rep", "user tool name=Connector"]


def instant(text: str) -> datetime:
    """An instant: a span from NOW, a day and time of its year, or a full date."""
    found = _SPAN.fullmatch(text)
    if found:
        sign, number, unit = found.groups()
        span = timedelta(**{_UNITS[unit]: int(number)})
        return NOW + span if sign == "+" else NOW - span
    full = text if text.count("-") == 2 else f"{NOW.year}-{text}"
    at = datetime.fromisoformat(full)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(text: str) -> timedelta:
    """A length: ``30m``, ``1h``, ``2d``."""
    return instant(f"+{text}") - NOW


@dataclass
class Line:
    """One record's words; every value must be used, or the case has a slip."""

    kind: str
    key: str
    account: str | None
    values: dict[str, str]
    flags: set[str]

    def take(self, name: str, default: Any = None, *, read: Any = str) -> Any:
        """A value, read; the default when it is not said."""
        text = self.values.pop(name, None)
        return default if text is None else read(text)

    def flag(self, name: str) -> bool:
        """Whether a bare word stands there."""
        found = name in self.flags
        self.flags.discard(name)
        return found

    def many(self, name: str) -> tuple[str, ...]:
        """A list."""
        return tuple(self.take(name, (), read=lambda text: text.split(",")))


def read_line(text: str) -> Line:
    """Split a line into its words."""
    kind, key, *rest = shlex.split(text)
    line = Line(kind, key, None, {}, set())
    for word in rest:
        name, is_value, value = word.partition("=")
        if word.startswith("@"):
            line.account = word[1:]
        elif is_value:
            line.values[name] = value
        else:
            line.flags.add(word)
    return line


@dataclass
class Words:
    """Puts the records of one case together; ids are ``prefix + key``."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    guests: dict[str, list[Any]] = field(default_factory=dict)
    users: dict[str, e.User] = field(default_factory=dict)
    outreach_users: dict[str, e.OutreachUser] = field(default_factory=dict)
    chorus_users: dict[str, e.ChorusUser] = field(default_factory=dict)
    accounts: dict[str, e.Account] = field(default_factory=dict)
    mails: dict[str, str] = field(default_factory=dict)
    domains: set[str] = field(default_factory=lambda: {"us.example"})
    refs: dict[str, list[str]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def read(self, text: str) -> None:
        """Take over every line."""
        for one in [*_STANDING, *filter(None, map(str.strip, text.splitlines()))]:
            line = read_line(one)
            getattr(self, f"_{line.kind}")(line)
            if line.values or line.flags:
                message = f"not understood in {one!r}: {line.values} {line.flags}"
                raise ValueError(message)

    def _add(self, kind: str, row: e.Entity, account: str = "acme") -> None:
        layer = self.rows if account == "acme" else self.guests
        layer.setdefault(kind, []).append(row)

    def _note(self, line: Line, record_id: str) -> None:
        self.refs.setdefault(line.key, []).append(record_id)

    # --- people and companies -------------------------------------------------

    def _account(self, line: Line) -> None:
        parent = line.take("parent")
        self.accounts[line.key] = e.Account(
            id=f"001{line.key}",
            name=line.take("name", line.key.title()),
            website=line.take("site", f"{line.key}.example"),
            parent_id=f"001{parent}" if parent else None,
        )

    def _own(self, line: Line) -> None:
        self.domains.add(line.key)

    def _user(self, line: Line) -> None:
        mail = line.take("mail", f"{line.key}@us.example")
        self.mails[line.key] = mail
        user_id = f"005{line.key}"
        self.users[user_id] = e.User(
            id=user_id,
            name=line.take("name", line.key.title()),
            email=mail,
            username=line.take("login", mail),
            user_type=line.take("type", "Standard"),
            is_active=not line.flag("left"),
            time_zone=line.take("zone", "UTC"),
        )
        seat = line.take("outreach", mail)
        self.outreach_users[f"u-{line.key}"] = e.OutreachUser(
            id=f"u-{line.key}",
            email=seat,
            crm_ids=(user_id,) if line.flag("connected") else (),
        )
        recorder = line.take("chorus")
        if recorder:
            self.chorus_users[f"c-{line.key}"] = e.ChorusUser(
                id=f"c-{line.key}", email=recorder, salesforce_user_id=user_id
            )

    def _contact(self, line: Line) -> None:
        account = line.account or "acme"
        mails = line.many("mail") or (f"{line.key}@{account}.example",)
        mails = tuple(mail for mail in mails if mail != "none")
        self.mails[line.key] = mails[0] if mails else ""
        into = line.take("merged")
        row = e.Contact(
            id=f"003{line.key}",
            name=line.take("name", line.key.title()),
            account_id=None if account == "none" else f"001{account}",
            emails=mails,
            phones=line.many("phone"),
            merged_into_id=f"003{into}" if into else None,
            email_bounced=line.flag("bounced"),
        )
        self._add("contacts", row, account)

    def _gone(self, line: Line) -> None:
        self.merged[f"003{line.key}"] = f"003{line.take('into')}"

    def _lead(self, line: Line) -> None:
        mails = line.many("mail") or (f"{line.key}@acme.example",)
        self.mails.setdefault(line.key, mails[0])
        into = line.take("converted")
        row = e.Lead(
            id=f"00Q{line.key}",
            name=line.take("name", line.key.title()),
            emails=mails,
            is_converted=into is not None,
            converted_contact_id=f"003{into}" if into else None,
        )
        self._add("leads", row)

    def _prospect(self, line: Line) -> None:
        account = line.account or "acme"
        mails = line.many("mail") or (self.mails.get(line.key) or "",)
        trashed = line.flag("trashed")
        row = e.Prospect(
            id=f"p-{line.key}",
            name=line.take("name", line.key.title()),
            emails=tuple(filter(None, mails)),
            phones=line.many("phone"),
            external_id=line.take("external"),
            crm_ids=tuple(line.many("sf")),
            trashed_at=NOW if trashed else None,
        )
        self._add("prospects", row, account)

    # --- deals and cases ------------------------------------------------------

    def _deal(self, line: Line) -> None:
        account = line.account or "acme"
        closed = line.take("closed", read=instant)
        stage = line.take("stage", "Won" if closed else "Open")
        made = line.take("made", NOW - timedelta(days=60), read=instant)
        row = e.Opportunity(
            id=f"006{line.key}",
            name=line.take("name", f"{account.title()} {line.key}"),
            account_id=f"001{account}",
            owner_id=f"005{line.take('owner', 'rep')}",
            stage=stage,
            is_closed=closed is not None,
            is_won=stage == "Won",
            close_date=(
                closed or line.take("closes", NOW + timedelta(days=60), read=instant)
            ).date(),
            type=line.take("type", "New Business"),
            created_at=made,
            modified_at=line.take("edited", NOW - timedelta(days=9), read=instant),
            stage_changed_at=closed or made,
            is_private=line.flag("private"),
        )
        self._add("opportunities", row, account)

    def _stage(self, line: Line) -> None:
        at = line.take("at", read=instant)
        row = e.OpportunityHistory(
            id=f"008{line.key}{at:%m%d%H%M}",
            opportunity_id=f"006{line.key}",
            stage=line.take("is"),
            close_date=line.take("closes", read=lambda t: instant(t).date()),
            created_at=at,
        )
        self._add("opportunity_history", row, line.account or "acme")

    def _role(self, line: Line) -> None:
        who = line.take("who")
        row = e.ContactRole(
            id=f"00K{line.key}{who}",
            opportunity_id=f"006{line.key}",
            contact_id=f"003{who}",
            is_primary=line.flag("primary"),
            created_at=line.take("at", NOW - timedelta(days=50), read=instant),
        )
        self._add("roles", row, line.account or "acme")

    def _case(self, line: Line) -> None:
        account = line.account or "acme"
        who, closed = line.take("who"), line.take("closed", read=instant)
        row = e.Case(
            id=f"500{line.key}",
            number=line.key,
            subject=line.take("subject", "It broke"),
            is_closed=closed is not None,
            closed_at=closed,
            contact_id=f"003{who}" if who else None,
            account_id=f"001{account}",
            created_at=line.take("made", NOW - timedelta(days=20), read=instant),
        )
        self._add("cases", row, account)

    def _twin(self, line: Line) -> None:
        row = e.OutreachOpportunity(
            id=f"o-{line.key}", name=line.key, crm_ids=(f"006{line.key}",)
        )
        self._add("outreach_opportunities", row, line.account or "acme")

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
        note = e.NoteDigest(
            case_numbers=line.many("cases"), chorus_ids=line.many("link")
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
