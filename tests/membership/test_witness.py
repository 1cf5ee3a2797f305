"""What planning remembers of both sides, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model import entities as e
from syncd.model.membership import Base
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change, Expects
from syncd.model.policy import Policy
from syncd.model.record import Record, RecordRef
from syncd.model.view import OrgContext
from syncd.pipeline.judge import judge
from syncd.pipeline.membership import Witness, knowing_the_plug_in, with_our_past
from syncd.ports.mirror import MirrorPage
from syncd.store import Store
from tests.membership.company import ACCOUNT, DEAL, NOW, RECORDS, TWIN

SETTLE = timedelta(minutes=30)
MANY = tuple(f"p{number}" for number in range(5))


def judged(lag, people=MANY):
    """A home whose people came to Outreach that much after Salesforce."""
    made = NOW - timedelta(days=1)
    records = replace(
        RECORDS,
        contacts=tuple(e.Contact(id=f"003{p}", account_id=ACCOUNT) for p in people),
        prospects=tuple(e.Prospect(id=p, crm_ids=(f"003{p}",)) for p in people),
        roles=tuple(
            e.ContactRole(
                id=f"00K{p}",
                opportunity_id=DEAL,
                contact_id=f"003{p}",
                created_at=made,
            )
            for p in people
        ),
        prospect_roles=tuple(
            e.ProspectRole(
                id=f"r{p}", opportunity_id=TWIN, prospect_id=p, created_at=made + lag
            )
            for p in people
        ),
    )
    return judge(records, org=OrgContext(), policy=Policy(), rules=(), now=NOW)


def witness(store):
    """A witness of one plan."""
    return Witness(
        mirror=store.mirror, ledger=store.ledger, org=OrgContext(), settle=SETTLE
    )


def org(store):
    """The org as the next plan knows it."""
    return knowing_the_plug_in(OrgContext(), store.mirror)


def bases(store):
    """The stored bases."""
    for name, key in (("Account", ACCOUNT), ("Opportunity", DEAL)):
        record = Record(
            ref=RecordRef("salesforce", name, key),
            version="1",
            valid_from=NOW,
            fields=f'{{"id":"{key}","account_id":"{ACCOUNT}"}}'.encode(),
        )
        page = MirrorPage(system="salesforce", object=name, records=(record,))
        store.mirror.commit(page, now=NOW)
    home, _ = store.mirror.home_of(RecordRef("salesforce", "Opportunity", DEAL))
    [[records]] = store.mirror.load([home], since=NOW - timedelta(days=1))
    return records.bases


@pytest.mark.parametrize(
    ("minutes", "copied"), [(10, True), (30, True), (31, False), (0, False)]
)
def test_a_plug_in_that_copies_is_remembered(store: Store, minutes, copied) -> None:
    """From the next plan on roles wait for it."""
    seen = witness(store)
    seen.see(judged(timedelta(minutes=minutes)))
    assert not org(store).roles_are_copied
    seen.close()
    assert org(store).roles_are_copied is copied


def test_bases_are_kept_when_the_plan_is_done(store: Store) -> None:
    """One per opportunity that both systems know."""
    seen = witness(store)
    seen.see(judged(timedelta(0), ("ann",)))
    seen.close()
    assert bases(store) == {
        DEAL: Base(
            opportunity_id=DEAL,
            twin_id=TWIN,
            salesforce=("003ann",),
            outreach={"003ann": "ann"},
            primary="",
        )
    }


def test_a_listing_that_is_not_believed_moves_no_base(store: Store) -> None:
    """Half of the roles seem to be gone: nobody's absence is taken for true."""
    roles = [
        Record(
            ref=RecordRef("outreach", "opportunityProspectRole", str(number)),
            version="1",
            valid_from=NOW,
            fields=f'{{"id":"{number}","opportunity_id":"1","prospect_id":"2"}}'.encode(),
        )
        for number in range(30)
    ]
    for listed in (roles, roles[:5]):
        page = MirrorPage(
            system="outreach",
            object="opportunityProspectRole",
            records=tuple(listed),
            starts_snapshot=True,
            snapshot=True,
            last=True,
        )
        store.mirror.commit(page, now=NOW)
    assert store.mirror.doubts()
    seen = witness(store)
    seen.see(judged(timedelta(minutes=10)))
    seen.close()
    assert bases(store) == {}
    assert not org(store).roles_are_copied


ROLE = f"OpportunityContactRole|{DEAL}|003ann"
PROSPECT_ROLE = f"opportunityProspectRole|{TWIN}|ann"
EVERY = {"salesforce": 99, "outreach": 99}
MADE, UNDONE, BACK = ("create", False), ("delete", True), ("create", False)


def write(store, key, number, what, state):
    """One write of a role as the ledger has it."""
    operation, takes_back = what
    name = key.split("|")[0]
    change = Change(
        id=f"chg_{name}_{number}",
        key=f"{name}_{number}",
        rule="a-rule",
        mode="auto",
        system="salesforce" if name == "OpportunityContactRole" else "outreach",
        operation=operation,
        object=name,
        record_id=None if operation == "create" else "r1",
        before={},
        after={},
        expects=Expects(),
        depends_on=(),
        confidence=1.0,
        reason="",
        evidence=(),
        natural_key=key,
        takes_back=takes_back,
    )
    store.ledger.intend([change], run_id="run", plan_id="pln", now=NOW, before={})
    item = ItemOutcome(change_id=change.id, status=ItemStatus.DONE, record_id="r1")
    store.ledger.settle([(change.key, state, item)], now=NOW)


@pytest.mark.parametrize("key", [ROLE, PROSPECT_ROLE])
@pytest.mark.parametrize(
    ("writes", "is_undone"),
    [
        ([], False),
        ([(MADE, "done")], False),
        ([(MADE, "done"), (UNDONE, "done")], True),
        ([(MADE, "done"), (UNDONE, "open")], True),
        ([(MADE, "done"), (UNDONE, "failed")], False),
        ([(MADE, "done"), (UNDONE, "refused")], False),
        ([(MADE, "done"), (UNDONE, "done"), (BACK, "done")], False),
        ([(MADE, "done"), (UNDONE, "done"), (BACK, "refused")], True),
    ],
)
def test_that_an_undo_took_a_role_off_is_read_in_the_ledger(
    store: Store, key, writes, is_undone
) -> None:
    """By an undo that was killed before it said so too; and no longer once it is back.

    A removal by a person is one still, and so is that of somebody else's role.
    """
    for number, (what, state) in enumerate(writes):
        write(store, key, number, what, state)
    base = Base(
        opportunity_id=DEAL,
        twin_id=TWIN,
        salesforce=("003ann", "003bob"),
        outreach={"003ann": "ann", "003bob": "bob"},
    )
    homes = [replace(RECORDS, bases={DEAL: base})]
    [known] = with_our_past(homes, store.ledger, seen=EVERY)
    assert known.undone == ({key} if is_undone else frozenset())


@pytest.mark.parametrize("key", [ROLE, PROSPECT_ROLE])
@pytest.mark.parametrize(
    ("polled", "is_ours"),
    [(0, True), (1, True), (2, True), (3, False), (4, False)],
)
def test_a_role_that_no_poll_can_have_seen_was_taken_off_by_nobody(
    store: Store, key, polled, is_ours
) -> None:
    """An undo took it off, a poll saw that, and the undo was undone after the poll."""
    for number, what in enumerate([MADE, UNDONE, BACK]):
        write(store, key, number, what, "done")
    base = Base(
        opportunity_id=DEAL,
        twin_id=TWIN,
        salesforce=("003ann",),
        outreach={"003ann": "ann"},
    )
    homes = [replace(RECORDS, bases={DEAL: base})]
    other = "outreach" if key == ROLE else "salesforce"
    system = "salesforce" if key == ROLE else "outreach"
    [known] = with_our_past(homes, store.ledger, seen={system: polled, other: 99})
    assert known.undone == ({key} if is_ours else frozenset())


def test_a_removed_role_without_a_base_is_looked_up_too(store: Store) -> None:
    """At the first look at both sides roles that are gone stand for the base."""
    gone = e.ContactRole(id="00K1", opportunity_id=DEAL, contact_id="003ann")
    write(store, ROLE, 0, MADE, "done")
    write(store, ROLE, 1, UNDONE, "done")
    homes = [replace(RECORDS, removed_roles=(gone,))]
    [known] = with_our_past(homes, store.ledger, seen=EVERY)
    assert known.undone == {ROLE}
