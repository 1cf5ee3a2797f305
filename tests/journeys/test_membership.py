"""Who is on a deal, both ways: over HTTP, on both databases."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from syncd import clock
from syncd.errors import GuardError
from syncd.model.scope import Scope
from syncd.pipeline.apply import Selection

RULES = ("contact-on-outreach-opportunity", "prospect-on-salesforce-opportunity")


@dataclass
class Deal:
    """One open deal with two people that both systems agree on; Ann is primary."""

    app: Any
    sandbox: Any
    monkeypatch: Any
    id: str
    twin: int
    people: list[tuple[str, int]]  # contact, prospect

    def roles(self) -> dict[str, tuple[str, bool]]:
        """Salesforce's roles: contact → role id, primary."""
        rows = self.sandbox.salesforce.tables.rows(
            "OpportunityContactRole", with_deleted=False
        )
        return {
            row["ContactId"]: (row["Id"], row["IsPrimary"])
            for row in rows
            if row["OpportunityId"] == self.id
        }

    def prospect_roles(self) -> list[tuple[int, int, bool]]:
        """Outreach's roles: prospect, role id, primary."""
        kind = {"type": "opportunityProspectRole"}
        found = self.sandbox.outreach.control("resources", kind)["resources"]
        return sorted(
            (
                int(one["relationships"]["prospect"]["data"]["id"]),
                int(one["id"]),
                one["attributes"]["primary"],
            )
            for one in found
            if int(one["relationships"]["opportunity"]["data"]["id"]) == self.twin
        )

    def plan(self):
        """A poll some minutes later, and the plan for this deal."""
        at = clock.now() + timedelta(minutes=5)
        # The sandbox's clock follows ours; Google's library has a clock of its own.
        self.monkeypatch.setattr(clock, "now", lambda: at)
        for system in ("salesforce", "outreach"):
            self.app.poll(only=system)
        return self.app.plan(scope=Scope(opportunities=(self.id,)), rules=RULES)

    def apply(self, plan, **selection):
        """Apply; everything goes through."""
        run = self.app.apply(plan, Selection(force=True, **selection))
        assert {item.status.value for item in run.items} == {"done"}
        return run

    def salesforce(self, action, index, **fields):
        """A colleague edits or deletes the role of a person in Salesforce."""
        role_id, _ = self.roles()[self.people[index][0]]
        body = {"object": "OpportunityContactRole", "id": role_id}
        more = {"fields": fields} if fields else {}
        self.sandbox.salesforce.control(action, body | more)

    def put_back_in_salesforce(self, index):
        """A colleague gives a person a new role in Salesforce."""
        fields = {"OpportunityId": self.id, "ContactId": self.people[index][0]}
        body = {"object": "OpportunityContactRole", "fields": fields}
        self.sandbox.salesforce.control("insert", body)

    def outreach(self, action, index, **attributes):
        """A colleague edits or deletes the role of a person in Outreach."""
        wanted = self.people[index][1]
        for prospect, role_id, _ in self.prospect_roles():
            if prospect == wanted:
                body = {"type": "opportunityProspectRole", "id": role_id}
                more = {"attributes": attributes} if attributes else {}
                self.sandbox.outreach.control(action, body | more)


@pytest.fixture
def deal(app, sandbox, monkeypatch):
    """The first deal with two people on both sides, after everything was mended."""
    app.poll()
    app.apply(app.plan(rules=RULES), Selection(force=True, include_review=True))
    people = {
        str(prospect.crm_ids[0]): int(prospect.id)
        for home in app.store.mirror.load(
            app.store.mirror.homes(), since=clock.now() - timedelta(days=400)
        )
        for records in home
        for prospect in records.prospects
        if prospect.crm_ids
    }
    for row in sandbox.salesforce.tables.rows("Opportunity", with_deleted=False):
        found = Deal(app, sandbox, monkeypatch, row["Id"], 0, [])
        roles = sorted(found.roles().items(), key=lambda one: not one[1][1])
        twins = sandbox.outreach.control("resources", {"type": "opportunity"})
        for twin in twins["resources"]:
            if row["Id"][:15] in str(twin):
                found.twin = int(twin["id"])
        found.people = [(one, people.get(one, 0)) for one, _ in roles]
        there = {prospect for prospect, _, _ in found.prospect_roles()}
        if (
            not row["IsClosed"]
            and len(roles) > 1
            and roles[0][1][1]
            and {prospect for _, prospect in found.people} == there
        ):
            assert found.plan().changes == ()
            return found
    pytest.fail("no such deal in this company")


def test_removed_in_salesforce_is_proposed_for_removal_and_not_put_back(deal):
    """A person took a contact off: Outreach follows when a person says so."""
    deal.salesforce("delete", 1)
    plan = deal.plan()
    [change] = plan.changes
    assert (change.mode, change.operation, change.object) == (
        "review",
        "delete",
        "opportunityProspectRole",
    )
    assert deal.plan().digest == plan.digest  # asking again changes nothing
    deal.apply(plan, include_review=True)
    assert len(deal.prospect_roles()) == len(deal.people) - 1
    assert deal.plan().changes == ()
    assert deal.plan().changes == ()


def test_removed_in_outreach_is_not_brought_back(deal):
    """The removal is proposed in Salesforce; nothing is made in Outreach again."""
    deal.outreach("delete", 1)
    plan = deal.plan()
    [change] = plan.changes
    assert (change.mode, change.operation, change.object) == (
        "review",
        "delete",
        "OpportunityContactRole",
    )
    before = deal.prospect_roles()
    deal.apply(plan, include_review=True)
    assert deal.prospect_roles() == before
    assert deal.people[1][0] not in deal.roles()
    assert deal.plan().changes == ()


def test_who_was_removed_on_both_sides_and_comes_back_is_new(deal):
    """Both sides agreed on nobody, so the new role is followed."""
    deal.outreach("delete", 1)
    deal.salesforce("delete", 1)
    assert deal.plan().changes == ()
    deal.put_back_in_salesforce(1)
    [change] = deal.plan().changes
    assert (change.mode, change.operation) == ("auto", "create")


def test_a_flip_in_salesforce_is_followed_unattended(deal):
    """Salesforce changed it since both agreed and Outreach did not."""
    deal.salesforce("edit", 1, IsPrimary=True)
    plan = deal.plan()
    assert {change.mode for change in plan.changes} == {"auto"}
    deal.apply(plan)
    leads = {prospect: primary for prospect, _, primary in deal.prospect_roles()}
    assert leads == {p: p == deal.people[1][1] for p in leads}
    assert deal.plan().changes == ()


def test_a_flip_in_outreach_is_only_proposed(deal):
    """The other way round a person decides; then both sides agree again."""
    deal.outreach("edit", 0, primary=False)
    deal.outreach("edit", 1, primary=True)
    plan = deal.plan()
    assert {change.mode for change in plan.changes} == {"review"}
    assert {change.object for change in plan.changes} == {"OpportunityContactRole"}
    run = deal.app.apply(plan, Selection(force=True, include_review=True))
    assert {item.status.value for item in run.items} <= {"done", "already"}
    assert deal.roles()[deal.people[1][0]][1]
    assert deal.plan().changes == ()
    deal.salesforce("edit", 0, IsPrimary=True)
    back = deal.plan()
    assert {(change.mode, change.object) for change in back.changes} == {
        ("auto", "opportunityProspectRole")
    }


def test_our_own_write_does_not_move_the_base(deal):
    """Only a poll that shows it on both sides does."""
    mirror = deal.app.store.mirror

    def base():
        home = mirror.home_of(mirror.find(deal.id)[0])[0]
        since = clock.now() - timedelta(days=400)
        [[records]] = mirror.load([home], since=since)
        return records.bases[deal.id]

    deal.salesforce("edit", 1, IsPrimary=True)
    plan = deal.plan()
    before = base()
    assert before.primary == deal.people[0][0]
    deal.apply(plan)
    deal.app.plan(scope=Scope(opportunities=(deal.id,)), rules=RULES)
    assert base() == before
    deal.plan()
    assert base().primary == deal.people[1][0]


def added_in_outreach(deal):
    """The run that added somebody there because Salesforce had them back."""
    deal.outreach("delete", 1)
    deal.salesforce("delete", 1)
    deal.plan()
    deal.put_back_in_salesforce(1)
    run = deal.apply(deal.plan())
    assert deal.plan().changes == ()
    return run


def test_an_undone_addition_is_no_removal_by_a_person(deal):
    """What we took off again ourselves is not proposed for removal elsewhere."""
    run = added_in_outreach(deal)
    deal.app.undo(run.run_id)
    plan = deal.plan()
    assert plan.changes == ()
    [finding] = plan.findings
    assert "it was undone" in finding.why_not


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_a_killed_undo_took_off_is_no_removal_by_a_person(deal, monkeypatch, when):
    """Though the undo did not live to say what it had done, or to do anything."""
    run = added_in_outreach(deal)

    def killed(*_, **__):
        raise KeyboardInterrupt

    step = "pipeline.apply.Executor.run" if when == "before" else "app.entomb_undone"
    with monkeypatch.context() as patch:
        patch.setattr(f"syncd.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            deal.app.undo(run.run_id)
    plan = deal.plan()
    assert plan.changes == ()
    if when == "before":
        assert plan.findings == ()
        assert not deal.app.store.tombstones.all(now=clock.now())
        return
    [finding] = plan.findings
    assert "it was undone" in finding.why_not


def test_a_refused_undo_leaves_no_tombstone(deal):
    """Nothing was taken back, so nothing is held back."""
    run = added_in_outreach(deal)
    stop = deal.app.config.stop_path
    stop.write_text("audit")
    with pytest.raises(GuardError, match="stop file"):
        deal.app.undo(run.run_id)
    stop.unlink()
    assert not deal.app.store.tombstones.all(now=clock.now())


def test_a_twin_of_our_role_makes_ours_go(deal):
    """The plug-in brought the same role over as well: ours is removed."""
    deal.outreach("delete", 1)
    deal.salesforce("delete", 1)
    deal.plan()
    deal.put_back_in_salesforce(1)
    [ours] = deal.apply(deal.plan()).items
    twin = {
        "type": "opportunityProspectRole",
        "attributes": {"role": None, "primary": False},
        "relationships": {
            "opportunity": {"data": {"type": "opportunity", "id": deal.twin}},
            "prospect": {"data": {"type": "prospect", "id": deal.people[1][1]}},
        },
    }
    deal.sandbox.outreach.control(
        "insert", {"type": "opportunityProspectRole", "resource": twin}
    )
    plan = deal.plan()
    [change] = plan.changes
    assert (change.mode, change.operation) == ("auto", "delete")
    assert change.record_id == ours.record_id
    deal.apply(plan)
    assert deal.plan().changes == ()


def test_a_removal_that_somebody_took_back_meanwhile_is_not_made(deal):
    """Between plan and apply the contact came back: the removal is stale."""
    deal.salesforce("delete", 1)
    plan = deal.plan()
    deal.put_back_in_salesforce(1)
    run = deal.app.apply(plan, Selection(force=True, include_review=True))
    assert [item.status.value for item in run.items] == ["stale"]
    assert "there again" in run.items[0].detail
    assert deal.plan().changes == ()


def test_an_incomplete_poll_moves_no_base_and_removes_nobody(deal):
    """What Outreach did not show is not taken as removed."""
    from syncd.sandbox.recorder import Fault

    deal.salesforce("delete", 1)
    deal.sandbox.recorders["outreach"].break_next(
        Fault(times=10_000, status=503, headers={"Retry-After": "120"})
    )
    plan = deal.plan()
    assert plan.changes == ()
    [finding] = plan.findings
    assert finding.blocked_by == ("outreach",)


def test_a_merged_contact_stays_on_the_deal(deal):
    """Salesforce moves the role to the survivor; Outreach knows only the former."""
    former, prospect = deal.people[1]
    contact = dict(deal.sandbox.salesforce.tables.find("Contact", former))
    made = deal.sandbox.salesforce.control(
        "insert",
        {
            "object": "Contact",
            "fields": {"LastName": "Survivor", "AccountId": contact["AccountId"]},
        },
    )
    body = {"object": "Contact", "id": made["id"], "losers": [former]}
    deal.sandbox.salesforce.control("merge", body)
    assert made["id"] in deal.roles()
    plan = deal.plan()
    assert (plan.changes, plan.findings) == ((), ())
    deal.people[1] = (made["id"], prospect)
    deal.salesforce("delete", 1)
    [change] = deal.plan().changes
    assert (change.operation, change.object) == ("delete", "opportunityProspectRole")
    assert prospect in {one for one, _, _ in deal.prospect_roles()}
