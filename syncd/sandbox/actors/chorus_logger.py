"""Chorus logs its recordings in Salesforce: not always rightly, nor at once, nor once.

What such a record looks like is not documented by the vendor: the fields are those of
its managed package; the mistakes are those that make teams look for help.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from syncd.sandbox.actors.agenda import Agenda, RecordingTool, Row, System
from syncd.sandbox.actors.people import (
    CHORUS,
    OUTREACH,
    by_address,
    insert,
    integration_user,
    rows,
)
from syncd.sandbox.salesforce.table import stamp

_ID_FIELDS: Final = (
    "affectlayer__chorus_call_id__c",
    "affectlayer__affectlayer_call_id__c",
)


@dataclass(frozen=True, kw_only=True)
class ChorusHabits:
    """How Chorus logs; rates between 0 and 1, waits in seconds.

    Attributes:
        after_s: From the end of a recording until it is logged.
        late: How many come ``late_s`` later than that.
        as_task: How many meetings become a Task; calls always do.
        no_what: How many are related to no opportunity.
        wrong_what: How many are related to another opportunity of the account.
        wrong_who: How many are related to another contact of the account.
        wrong_owner: How many belong to the integration user.
        twice: How many Outreach logs, too, as an Event related to nothing.
        makes_contacts: How many unknown participants become a Contact.
        rewrites: How many are written once more as they were, ``rewrite_after_s``
            after the first time.
    """

    after_s: float = 900
    late: float = 0.1
    late_s: float = 6 * 3600
    as_task: float = 0.3
    no_what: float = 0.1
    wrong_what: float = 0.1
    wrong_who: float = 0.1
    wrong_owner: float = 0.1
    twice: float = 0.1
    makes_contacts: float = 0.5
    rewrites: float = 0.1
    rewrite_after_s: float = 3600


class ChorusLogger:
    """Logs each recording that ends after ``since``, decided by seed and its id."""

    def __init__(
        self,
        chorus: RecordingTool,
        salesforce: System,
        agenda: Agenda,
        habits: ChorusHabits,
        *,
        since: datetime,
        seed: int = 0,
    ) -> None:
        """Writes as a user of its own."""
        self._chorus = chorus
        self._salesforce = salesforce
        self._agenda = agenda
        self._habits = habits
        self._since = since
        self._seed = seed
        self._seen: set[str] = set()
        self._user = integration_user(salesforce, CHORUS)

    def look(self, now: datetime) -> None:
        """Put what is processed by now on the agenda."""
        for one in self._chorus.recordings():
            engagement = one["engagement"]
            number = str(engagement["engagement_id"])
            ends = _starts(engagement) + _length(engagement)
            done = engagement.get("processing_state", "done") == "done"
            if number in self._seen or not done or not self._since <= ends <= now:
                continue
            self._seen.add(number)
            random = Random(f"{self._seed}|{number}")  # noqa: S311 - a scripted tool
            wait = self._habits.after_s
            wait += self._habits.late_s if random.random() < self._habits.late else 0
            job = partial(self._log, engagement, random)
            self._agenda.add(ends + timedelta(seconds=wait), job)

    def _log(self, engagement: Row, random: Random, now: datetime) -> None:
        name, fields = self._record(engagement, random)
        made = insert(self._salesforce, name, fields, self._user)
        if random.random() < self._habits.twice and name == "Event":
            self._twin(fields)
        if random.random() < self._habits.rewrites:
            again = {k: v for k, v in fields.items() if k != "TaskSubtype"}
            body = {"object": name, "id": made, "fields": again, "user": self._user}
            later = now + timedelta(seconds=self._habits.rewrite_after_s)
            self._agenda.add(later, partial(self._rewrite, body))

    def _rewrite(self, body: Mapping[str, Any], _: datetime) -> None:
        self._salesforce.control("edit", body)

    def _twin(self, fields: Row) -> None:
        """Outreach has the same meeting, without recording and opportunity."""
        twin = {k: v for k, v in fields.items() if k not in {"WhatId", "Description"}}
        twin = {k: v for k, v in twin.items() if k not in _ID_FIELDS}
        user = integration_user(self._salesforce, OUTREACH)
        insert(self._salesforce, "Event", {**twin, "Type": "Meeting"}, user)

    def _record(self, engagement: Row, random: Random) -> tuple[str, Row]:
        """Object and fields of what Chorus writes."""
        habits, start = self._habits, _starts(engagement)
        call = engagement.get("engagement_type") == "dialer"
        number = str(engagement["engagement_id"])
        link = engagement.get("url") or f"https://chorus.ai/meeting/{number}"
        fields: Row = {
            "Subject": f"Chorus: {engagement.get('subject') or 'Recording'}",
            "Description": f"Recording: {link}",
            "OwnerId": self._owner(engagement, random),
            **dict.fromkeys(_ID_FIELDS, number),
            **self._relations(engagement, random),
        }
        if call or random.random() < habits.as_task:
            day = start.date().isoformat()
            task = {"Status": "Completed", "ActivityDate": day, "Type": "Call"}
            return "Task", {
                **fields,
                **task,
                **({"TaskSubtype": "Call"} if call else {}),
            }
        minutes = max(1, int(_length(engagement).total_seconds()) // 60)
        when = {"StartDateTime": stamp(start), "DurationInMinutes": minutes}
        return "Event", {**fields, **when}

    def _owner(self, engagement: Row, random: Random) -> str:
        host = by_address(rows(self._salesforce, "User"), engagement.get("user_email"))
        if host is None or random.random() < self._habits.wrong_owner:
            return self._user
        return str(host["Id"])

    def _relations(self, engagement: Row, random: Random) -> Row:
        contacts = rows(self._salesforce, "Contact")
        deals = rows(self._salesforce, "Opportunity")
        who = self._who(engagement, contacts, random)
        what = next(
            (d for d in deals if _same(d["Id"], engagement.get("opportunity_id"))), None
        )
        account = (what or who or {}).get("AccountId")
        if random.random() < self._habits.wrong_who:
            who = _another(contacts, who, account, random)
        if random.random() < self._habits.wrong_what:
            what = _another(deals, what, account, random)
        if random.random() < self._habits.no_what:
            what = None
        named = {"WhoId": who, "WhatId": what}
        return {field: row and row["Id"] for field, row in named.items()}

    def _who(self, engagement: Row, contacts: list[Row], random: Random) -> Row | None:
        guests = [
            one
            for one in engagement.get("participants") or ()
            if one.get("type") == "customer" and one.get("email")
        ]
        for guest in guests:
            known = by_address(contacts, guest["email"])
            if known is not None:
                return known
        if not guests or random.random() >= self._habits.makes_contacts:
            return None
        last = str(guests[0].get("name") or guests[0]["email"]).split()[-1]
        fields = {"LastName": last, "Email": guests[0]["email"]}
        mark = {"affectlayer__IsCreatedByChorusZI__c": True}
        made = insert(self._salesforce, "Contact", {**fields, **mark}, self._user)
        return {**fields, "Id": made}


def _starts(engagement: Row) -> datetime:
    return datetime.fromtimestamp(float(engagement["date_time"]), UTC)


def _length(engagement: Row) -> timedelta:
    return timedelta(seconds=float(engagement.get("duration") or 0))


def _same(record_id: str, other: object) -> bool:
    """Chorus gives ids in either form."""
    return bool(other) and record_id[:15] == str(other)[:15]


def _another(
    found: list[Row], right: Row | None, account: object, random: Random
) -> Row | None:
    """Some other row of the account, else the right one."""
    others = [r for r in found if r.get("AccountId") == account and r is not right]
    return random.choice(others) if account and others else right
