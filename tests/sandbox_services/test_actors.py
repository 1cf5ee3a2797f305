"""Other tools at work in the simulated systems: Chorus logs, Outreach copies."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from syncd.sandbox.actors.actors import Actors
from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.outreach.service import OutreachService
from syncd.sandbox.run import start
from syncd.sandbox.salesforce.service import SalesforceService
from syncd.sandbox.salesforce.table import make_id

NOW = datetime(2026, 10, 6, 12, 0, tzinfo=UTC)
ANN, ACME = make_id("005", 5001), make_id("001", 5001)
CY, DI = make_id("003", 5001), make_id("003", 5002)
DEAL, OTHER = make_id("006", 5001), make_id("006", 5002)
MISHAPS = "late as_task no_what wrong_what wrong_who wrong_owner twice"
NEVER = dict.fromkeys([*MISHAPS.split(), "makes_contacts", "rewrites"], 0)


class Town:
    """Three systems about one customer, and the tools that work in them."""

    def __init__(self):
        self.clock = SandboxClock(NOW)
        self.clock.freeze(NOW)
        self.salesforce = SalesforceService(self.clock)
        self.outreach = OutreachService(self.clock)
        self.chorus = ChorusService(self.clock)
        self.actors = Actors(self.clock, self.salesforce, self.outreach, self.chorus)
        self._fill_salesforce()
        self._fill_outreach()

    def _fill_salesforce(self):
        load = self.salesforce.load
        load("TaskStatus", [{"MasterLabel": "Completed", "IsClosed": True}])
        user = {"Id": ANN, "Name": "Ann", "Email": "ann@us.example", "IsActive": True}
        load("User", [user])
        load("Account", [{"Id": ACME, "Name": "Acme"}])
        for record_id, name in ((CY, "cy"), (DI, "di")):
            person = {"Id": record_id, "LastName": name, "AccountId": ACME}
            load("Contact", [{**person, "Email": f"{name}@acme.example"}])
        for record_id in (DEAL, OTHER):
            load("Opportunity", [{"Id": record_id, "Name": "D", "AccountId": ACME}])

    def _fill_outreach(self):
        known = {"user": ANN, "prospect": CY, "opportunity": DEAL}
        crm = {"user": "User", "prospect": "Contact", "opportunity": "Opportunity"}
        for kind, record_id in known.items():
            connection = {"type": crm[kind], "id": record_id}
            self._resource(kind, 1, {"name": kind}, [connection])
        self._resource("callDisposition", 1, {"name": "Connected"}, [])

    def _resource(self, kind, number, attributes, connections, related=()):
        times = dict.fromkeys(("createdAt", "updatedAt"), "2026-10-06T12:00:00Z")
        one = {
            "type": kind,
            "id": number,
            "attributes": {**times, **attributes},
            "relationships": {
                name: {"data": {"type": name, "id": 1}} for name in related
            },
            "dataConnections": connections,
        }
        self.outreach.load(kind, [one])

    def call(self, **attributes):
        """A call made now in Outreach."""
        related = ("prospect", "opportunity", "user", "callDisposition")
        said = {"direction": "outbound", "state": "completed", "note": "Price"}
        self._resource("call", 1, {**said, **attributes}, [], related)

    def meet(self, number="E1", guest="cy@acme.example", **fields):
        """A meeting of half an hour that begins now, recorded by Chorus."""
        engagement = {
            "engagement_id": number,
            "engagement_type": "meeting",
            "date_time": self.clock.now().timestamp(),
            "duration": 1800.0,
            "subject": "Demo",
            "opportunity_id": DEAL[:15],
            "user_email": "ann@us.example",
            "participants": [{"name": "Guest X", "email": guest, "type": "customer"}],
            "processing_state": "done",
            **fields,
        }
        row = {"engagement": engagement, "conversation": None}
        self.chorus.load_engagements([row])

    def run(self, minutes=0):
        """Let time pass, then let the tools do what is due."""
        self.clock.advance(timedelta(minutes=minutes))
        return self.actors.control("run", {})

    def rows(self, name):
        """Live rows of Salesforce."""
        return self.salesforce.control("rows", {"object": name})["rows"]

    def roles(self):
        """Prospect roles of Outreach."""
        body = {"type": "opportunityProspectRole"}
        return self.outreach.control("resources", body)["resources"]


@pytest.fixture
def town():
    """A town whose time stands still."""
    return Town()


def test_nobody_acts_until_turned_on(town):
    """A fresh sandbox has no other tools."""
    town.meet()
    town.call()
    assert town.run(600) == {"done": 0, "waiting": 0, "refused": []}
    assert town.rows("Event") == town.rows("Task") == []
    assert len(town.rows("User")) == 1


def test_chorus_logs_a_meeting_once_it_is_processed(town):
    """A quarter of an hour after its end, as its own user, with id and link."""
    town.actors.control("chorus", {"habits": NEVER})
    town.meet()
    town.run(44)
    assert town.rows("Event") == []
    town.run(1)
    town.run(60)
    (event,) = town.rows("Event")
    assert event["affectlayer__chorus_call_id__c"] == "E1"
    assert "https://chorus.ai/meeting/E1" in event["Description"]
    assert (event["WhoId"], event["WhatId"], event["OwnerId"]) == (CY, DEAL, ANN)
    assert event["DurationInMinutes"] == 30
    assert event["CreatedDate"] == "2026-10-06T12:45:00.000+0000"
    authors = {row["Id"]: row["Name"] for row in town.rows("User")}
    assert authors[event["CreatedById"]] == "Chorus Integration"


MISTAKES = [
    ("wrong_what", {"WhatId": OTHER}),
    ("no_what", {"WhatId": None}),
    ("wrong_who", {"WhoId": DI}),
]


@pytest.mark.parametrize(("habit", "wrong"), MISTAKES)
def test_chorus_makes_the_mistake_that_it_is_told_to(town, habit, wrong):
    """Everything else is right."""
    town.actors.control("chorus", {"habits": {**NEVER, habit: 1}})
    town.meet()
    town.run(45)
    (event,) = town.rows("Event")
    right = {"WhoId": CY, "WhatId": DEAL, "OwnerId": ANN}
    assert {name: event[name] for name in right} == {**right, **wrong}


def test_chorus_may_own_its_records_or_make_them_tasks(town):
    """The owner is its user; the task is a completed call."""
    habits = {**NEVER, "wrong_owner": 1, "as_task": 1}
    town.actors.control("chorus", {"habits": habits})
    town.meet()
    town.run(45)
    (task,) = town.rows("Task")
    assert task["OwnerId"] == task["CreatedById"]
    assert (task["IsClosed"], task["ActivityDate"]) == (True, "2026-10-06")


def test_a_dialed_call_is_always_a_task(town):
    """Whatever the rate of tasks among meetings."""
    town.actors.control("chorus", {"habits": NEVER})
    town.meet(engagement_type="dialer")
    town.run(45)
    assert town.rows("Task")[0]["TaskSubtype"] == "Call"


def test_chorus_may_be_hours_late(town):
    """Then the record is dated by its meeting and created later."""
    town.actors.control("chorus", {"habits": {**NEVER, "late": 1, "late_s": 7200}})
    town.meet()
    assert town.run(164)["waiting"] == 1
    assert town.run(1)["done"] == 1
    (event,) = town.rows("Event")
    assert event["StartDateTime"] == "2026-10-06T12:00:00.000+0000"


def test_one_meeting_may_be_logged_by_two_tools(town):
    """Outreach's twin has neither recording nor opportunity."""
    town.actors.control("chorus", {"habits": {**NEVER, "twice": 1}})
    town.meet()
    town.run(45)
    twins = town.rows("Event")
    assert {row["StartDateTime"] for row in twins} == {"2026-10-06T12:00:00.000+0000"}
    assert sorted(row["WhatId"] or "" for row in twins) == ["", DEAL]
    ids = [row["affectlayer__chorus_call_id__c"] for row in twins]
    assert sorted(ids, key=str) == ["E1", None]


def test_chorus_may_write_its_record_again_over_a_correction(town):
    """An hour later it says what it said at first."""
    town.actors.control("chorus", {"habits": {**NEVER, "no_what": 1, "rewrites": 1}})
    town.meet()
    town.run(45)
    (event,) = town.rows("Event")
    body = {"object": "Event", "id": event["Id"], "fields": {"WhatId": DEAL}}
    town.salesforce.control("edit", body)
    town.run(59)
    assert town.rows("Event")[0]["WhatId"] == DEAL
    town.run(1)
    assert town.rows("Event")[0]["WhatId"] is None


def test_a_refused_job_is_noted_and_the_next_one_is_done(town):
    """A record deleted meanwhile, or an org's own rule, stops no tool."""
    town.actors.control("chorus", {"habits": {**NEVER, "rewrites": 1}})
    town.meet()
    town.run(45)
    event = town.rows("Event")[0]["Id"]
    town.salesforce.control("delete", {"object": "Event", "id": event})
    town.meet("E2")
    assert town.run(60)["refused"] == ["ENTITY_IS_DELETED"]
    assert len(town.rows("Event")) == 1


def test_an_unknown_guest_may_become_a_contact(town):
    """Marked as made by Chorus; a second meeting finds it."""
    town.actors.control("chorus", {"habits": {**NEVER, "makes_contacts": 1}})
    town.meet(guest="new@acme.example")
    town.meet("E2", guest="NEW@acme.example")
    town.run(45)
    made = [r for r in town.rows("Contact") if r["affectlayer__IsCreatedByChorusZI__c"]]
    assert [row["Email"] for row in made] == ["new@acme.example"]
    assert {row["WhoId"] for row in town.rows("Event")} == {made[0]["Id"]}


def test_the_same_seed_makes_the_same_mistakes():
    """Whenever the tools are asked, and however often."""

    def logged(steps):
        town = Town()
        town.actors.control("chorus", {"seed": 5})
        for number in range(20):
            town.meet(f"E{number}")
        for minutes in steps:
            town.run(minutes)
        kept = ("WhoId", "WhatId", "OwnerId", "affectlayer__chorus_call_id__c")
        found = town.rows("Event") + town.rows("Task")
        return sorted(str([row[name] for name in kept]) for row in found)

    assert logged([600]) == logged([30, 15, 300, 255])


def role(town, contact=CY):
    """A contact role made now by a person."""
    fields = {"OpportunityId": DEAL, "ContactId": contact, "Role": "Decision Maker"}
    body = {"object": "OpportunityContactRole", "fields": fields}
    return town.salesforce.control("insert", body)["id"]


def test_the_plugin_copies_a_contact_role_after_a_while(town):
    """Once, with its role; a contact without prospect waits for one."""
    town.actors.control("outreach", {})
    role(town)
    role(town, DI)
    town.run()
    assert town.run(9)["done"] == 0
    town.run(1)
    town.run(60)
    (copy,) = town.roles()
    assert copy["attributes"]["role"] == "Decision Maker"
    assert copy["relationships"]["prospect"]["data"]["id"] == 1


def copy_by_hand(town):
    """Somebody else's copy of the role in Outreach."""
    resource = {
        "type": "opportunityProspectRole",
        "attributes": {},
        "relationships": {
            name: {"data": {"type": name, "id": 1}}
            for name in ("opportunity", "prospect")
        },
    }
    body = {"type": "opportunityProspectRole", "resource": resource}
    town.outreach.control("insert", body)


def test_the_plugin_races_with_whoever_copies_the_role_first(town):
    """It looks before it waits: a role made in between is there twice."""
    town.actors.control("outreach", {})
    role(town)
    town.run()
    copy_by_hand(town)
    town.run(10)
    assert len(town.roles()) == 2


def test_the_plugin_copies_no_role_that_it_sees_in_outreach(town):
    """One that was there before it looked."""
    town.actors.control("outreach", {})
    role(town)
    copy_by_hand(town)
    town.run()
    assert town.run(60)["done"] == 0


def test_the_plugin_leaves_alone_what_is_old(town):
    """Roles and calls from before it was turned on."""
    role(town)
    town.call()
    town.clock.advance(timedelta(minutes=1))
    town.actors.control("outreach", {})
    town.run()
    assert town.run(60)["done"] == 0


def test_the_plugin_pushes_calls_to_salesforce(town):
    """As a completed task under its subject, connected from then on."""
    town.actors.control("outreach", {})
    town.call()
    town.run()
    town.run(5)
    town.run(60)
    (task,) = town.rows("Task")
    assert task["Subject"] == "[Outreach] [Call] [Outbound] prospect"
    assert (task["WhoId"], task["WhatId"], task["OwnerId"]) == (CY, DEAL, ANN)
    assert (task["CallDisposition"], task["Description"]) == ("Connected", "Price")
    (call,) = town.outreach.control("resources", {"type": "call"})["resources"]
    assert call["dataConnections"] == [{"type": "Task", "id": task["Id"]}]


def test_a_call_in_progress_is_not_pushed(town):
    """Only completed ones are."""
    town.actors.control("outreach", {})
    town.call(state="in_progress")
    town.run()
    assert town.run(60)["done"] == 0


def test_actors_are_reached_over_the_control_port():
    """Turned on and run over HTTP; what they write is no write of ours."""
    running = start(accounts=2, seed=3)
    try:
        with requests.sessions.Session() as session:
            url = f"{running.urls['control']}/actors"
            since = (running.clock.now() - timedelta(days=5)).isoformat()
            body = {"since": since, "habits": {"after_s": 0, "late": 0}}
            for name, habits in (("chorus", body), ("outreach", {"since": since})):
                assert session.post(f"{url}/{name}", json=habits, timeout=5).ok
            running.clock.advance(timedelta(days=1))
            answer = session.post(f"{url}/run", json={}, timeout=30).json()
            assert set(answer) == {"done", "waiting", "refused"}
            assert session.post(f"{url}/nobody", json={}, timeout=5).status_code == 404
        assert not running.salesforce.writes
        assert not running.outreach.writes
    finally:
        running.close()
