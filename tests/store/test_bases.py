"""What both sides of a deal last agreed on is kept; removed roles are found again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from syncd.db.engine import open_engine
from syncd.db.migrate import upgrade
from syncd.mapping.load import load_mappings
from syncd.mapping.translate import translate
from syncd.model.ids import salesforce_id
from syncd.model.membership import Base
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change, Expects
from syncd.model.record import RawRecord, RecordRef
from syncd.model.view import HomeRecords
from syncd.store import Store, open_store

Make = Callable[..., Any]
ACME = salesforce_id("001000000000001") or ""
DEAL = salesforce_id("006000000000001") or ""
OTHER = salesforce_id("006000000000002") or ""
ANN = salesforce_id("003000000000001") or ""
ROLE = salesforce_id("00K000000000001") or ""
BASE = Base(
    opportunity_id=DEAL,
    twin_id="7",
    salesforce=(ANN,),
    outreach={ANN: "70"},
    primary=ANN,
)


@pytest.fixture
def acme(store: Store, record: Make, page: Make, now: datetime) -> Store:
    """A store with two deals of one account, Ann on the first."""
    for one in (
        record("salesforce", "Account", ACME),
        record("salesforce", "Contact", ANN, account_id=ACME),
        record("salesforce", "Opportunity", DEAL, account_id=ACME),
        record("salesforce", "Opportunity", OTHER, account_id=ACME),
    ):
        store.mirror.commit(page(one), now=now)
    _list_roles(store, page, now, _role(record))
    return store


def _role(record: Make, **more: Any) -> Any:
    return record(
        "salesforce",
        "OpportunityContactRole",
        ROLE,
        opportunity_id=DEAL,
        contact_id=ANN,
        **more,
    )


def _list_roles(store: Store, page: Make, now: datetime, *roles: Any) -> None:
    listing = page(
        *roles,
        system="salesforce",
        object="OpportunityContactRole",
        starts_snapshot=True,
        snapshot=True,
        last=True,
    )
    store.mirror.commit(listing, now=now)


def _home(store: Store, now: datetime) -> HomeRecords:
    [[home]] = store.mirror.load([ACME], since=now - timedelta(days=400))
    return home


def test_a_base_comes_back_with_its_home(acme: Store, now: datetime) -> None:
    """Saved, loaded, moved; deals never compared have none."""
    assert _home(acme, now).bases == {}
    acme.mirror.move_bases([(BASE, None)])
    assert _home(acme, now).bases == {DEAL: BASE}
    flipped = Base(opportunity_id=DEAL, twin_id="7", primary="")
    other = Base(opportunity_id=OTHER, twin_id="8")
    acme.mirror.move_bases([(flipped, BASE), (other, None)])
    acme.mirror.move_bases([])
    assert _home(acme, now).bases == {DEAL: flipped, OTHER: other}


def test_a_base_that_somebody_moved_meanwhile_stays_theirs(
    acme: Store, now: datetime
) -> None:
    """Two judge at once: who loaded first may save last, and knows less."""
    more = Base(opportunity_id=DEAL, twin_id="7", salesforce=(ANN,))
    other = Base(opportunity_id=OTHER, twin_id="8")
    acme.mirror.move_bases([(BASE, None)])
    acme.mirror.move_bases([(more, None), (other, None)])
    assert _home(acme, now).bases == {DEAL: BASE, OTHER: other}
    acme.mirror.move_bases([(more, BASE)])
    acme.mirror.move_bases([(BASE, BASE)])
    assert _home(acme, now).bases[DEAL] == more


def test_a_removed_role_is_known_with_its_deal(
    acme: Store, record: Make, page: Make, now: datetime
) -> None:
    """Salesforce keeps no trace of it; the mirror does, an edit before it included."""
    later = now + timedelta(minutes=1)
    assert _home(acme, now).removed_roles == ()
    edited = _role(record, at=later, is_primary=True)
    _list_roles(acme, page, later, edited)
    assert _home(acme, now).removed_roles == ()
    _list_roles(acme, page, later)
    home = _home(acme, now)
    assert home.roles == ()
    [role] = home.removed_roles
    assert (role.id, role.contact_id, role.is_primary) == (ROLE, ANN, True)


def test_roles_read_by_an_earlier_version_keep_their_deal(
    bare_url: str, tmp_path: Path, record: Make, page: Make, now: datetime
) -> None:
    """An upgrade finds the deal of every contact role, of removed ones too."""
    engine = open_engine(bare_url)
    upgrade(engine, to="0001")
    row = {
        "system": "salesforce",
        "object": "OpportunityContactRole",
        "id": ROLE,
        "scope": "",
        "version": "1",
        "is_open": False,
        "deleted": True,
        "pass_id": 1,
        "fields": f'{{"id":"{ROLE}","opportunity_id":"{DEAL}","contact_id":"{ANN}"}}',
    }
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    with engine.begin() as connection:
        statement = f"INSERT INTO records ({names}) VALUES ({values})"
        connection.execute(sa.text(statement), row)
    engine.dispose()
    store = open_store(bare_url, base=tmp_path)
    for one in (
        record("salesforce", "Account", ACME),
        record("salesforce", "Opportunity", DEAL, account_id=ACME),
    ):
        store.mirror.commit(page(one), now=now)
    assert [role.contact_id for role in _home(store, now).removed_roles] == [ANN]
    store.close()


def test_only_what_a_write_of_ours_created_is_ours(store: Store, now: datetime) -> None:
    """Not what it changed or removed, not what was refused, not other objects."""
    writes = {
        "1": ("create", "opportunityProspectRole", "done"),
        "2": ("update", "opportunityProspectRole", "done"),
        "3": ("create", "opportunityProspectRole", "refused"),
        "4": ("create", "prospect", "done"),
    }
    for record_id, (operation, name, state) in writes.items():
        change = Change(
            id=f"chg_{record_id}",
            key=f"k{record_id}",
            rule="a-rule",
            mode="auto",
            system="outreach",
            operation=operation,
            object=name,
            record_id=None if operation == "create" else record_id,
            before={},
            after={"opportunity": "7", "prospect": "70"},
            expects=Expects(),
            depends_on=(),
            confidence=1.0,
            reason="",
            evidence=(),
            natural_key=f"{name}|7|{record_id}",
        )
        store.ledger.intend([change], run_id="r", plan_id="p", now=now, before={})
        item = ItemOutcome(
            change_id=change.id, status=ItemStatus.DONE, record_id=record_id
        )
        store.ledger.settle([(change.key, state, item)], now=now)
    ids = [*writes, "9"]
    found = store.ledger.made("outreach", "opportunityProspectRole", ids)
    assert found == {"1"}


def test_a_merged_contact_leads_to_its_survivor(
    acme: Store, record: Make, page: Make, now: datetime
) -> None:
    """Also through a chain, and when it was gone before the first poll."""
    gone = [salesforce_id(f"00300000000000{n}") or "" for n in (2, 3)]
    later = now + timedelta(minutes=1)
    for loser, winner in zip(gone, (ANN, gone[0]), strict=True):
        raw = RawRecord(
            ref=RecordRef("salesforce", "Contact", loser),
            version="2",
            valid_from=later,
            fields={"Id": loser, "IsDeleted": True, "MasterRecordId": winner[:15]},
            deleted=True,
        )
        contact_map = load_mappings(None).objects[("salesforce", "Contact")]
        [one], _ = translate([raw], contact_map)
        acme.mirror.commit(page(one), now=later)
    home = _home(acme, now)
    assert [contact.id for contact in home.contacts] == [ANN]
    assert home.merged == {gone[0]: ANN, gone[1]: gone[0]}
    for loser in gone:
        known = acme.mirror.get(RecordRef("salesforce", "Contact", loser))
        assert known is not None
        assert known.deleted
