"""What planning remembers of both sides, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model import entities as e
from syncd.model.membership import Base
from syncd.model.policy import Policy
from syncd.model.record import Record, RecordRef
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.model.view import OrgContext
from syncd.pipeline.judge import judge
from syncd.pipeline.membership import Witness, with_our_roles
from syncd.ports.stores import MirrorPage
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
    stones = store.tombstones.all(now=NOW)
    return with_our_roles(OrgContext(), mirror=store.mirror, stones=stones)


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


def test_roles_that_were_undone_are_known_until_the_tombstone_is_lifted(
    store: Store,
) -> None:
    """Only roles, and only what undo took back."""
    keys = {
        "undone": ("opportunityProspectRole|1|2", TombstoneKind.UNDONE),
        "reverted": ("opportunityProspectRole|1|3", TombstoneKind.REVERTED),
    }
    stones = [
        Tombstone(
            effect=name,
            kind=kind,
            rule="a-rule",
            system="outreach",
            object="opportunityProspectRole",
            what=what,
            fields=(),
            says="",
            made_at=NOW,
        )
        for name, (what, kind) in keys.items()
    ]
    store.tombstones.add(stones)
    assert org(store).undone == {"opportunityProspectRole|1|2"}
    store.tombstones.clear([one.id for one in stones], now=NOW)
    assert org(store).undone == frozenset()
