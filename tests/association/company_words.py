"""People, companies, deals and cases in words."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from syncd.model import entities as e
from tests.association.lines import NOW, Line, instant


@dataclass
class CompanyWords:
    """People, companies, deals and cases of one case; ids are ``prefix + key``."""

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
