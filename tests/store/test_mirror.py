"""The mirror on both databases."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest
import sqlalchemy as sa

from syncd.mapping.load import load_mappings
from syncd.mapping.translate import translate
from syncd.model.entities import Account, Activity, Contact, Opportunity, Prospect
from syncd.model.ids import salesforce_id
from syncd.model.record import Quarantined, RawRecord, Record, RecordRef
from syncd.ports.mirror import MirrorPage

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ACME = salesforce_id("001000000000001")
BETA = salesforce_id("001000000000002")
ADA = salesforce_id("003000000000001")
DEAL = salesforce_id("006000000000001")
TASK = salesforce_id("00T000000000001")


def record(system, name, entity, *, version="1", at=NOW, deleted=False):
    """A mirror record of an entity."""
    return Record(
        ref=RecordRef(system, name, entity.id),
        version=version,
        valid_from=at,
        fields=msgspec.json.encode(entity, order="sorted"),
        deleted=deleted,
    )


def page(*records, **options):
    """A page of records of one object."""
    ref = records[0].ref
    return MirrorPage(system=ref.system, object=ref.object, records=records, **options)


def records():
    """One account with a contact, a deal, a task and a prospect."""
    return [
        record("salesforce", "Account", Account(id=ACME, name="Acme")),
        record("salesforce", "Account", Account(id=BETA, name="Beta")),
        record(
            "salesforce",
            "Contact",
            Contact(id=ADA, account_id=ACME, emails=("ada@acme.com",)),
        ),
        record("salesforce", "Opportunity", Opportunity(id=DEAL, account_id=ACME)),
        record("salesforce", "Task", Activity(id=TASK, object="Task", who_id=ADA)),
        record("outreach", "prospect", Prospect(id="7", emails=("ada@acme.com",))),
    ]


def homes(store):
    """The home of every record."""
    return {
        str(one.ref): store.mirror.home_of(one.ref)[0]
        for one in records()
        if store.mirror.home_of(one.ref)
    }


@pytest.mark.parametrize("turn", range(6))
def test_filing_does_not_depend_on_the_order_of_arrival(store, turn):
    """Whatever comes first, everything of Acme is judged with Acme."""
    found = records()
    for one in found[turn:] + found[:turn]:
        store.mirror.commit(page(one), now=NOW)
    filed = homes(store)
    assert filed.pop(f"salesforce/Account/{BETA}") == BETA
    assert set(filed.values()) == {ACME}
    assert len(filed) == 5


def test_when_a_contact_moves_both_homes_become_dirty(store):
    """What hangs on a contact follows it to the other account."""
    for one in records():
        store.mirror.commit(page(one), now=NOW)
    store.mirror.clear_dirty(store.mirror.dirty(100))
    moved = Contact(id=ADA, account_id=BETA, emails=("ada@acme.com",))
    later = NOW + timedelta(minutes=1)
    store.mirror.commit(
        page(record("salesforce", "Contact", moved, version="2", at=later)), now=later
    )
    assert {one.home for one in store.mirror.dirty(100)} == {ACME, BETA}
    assert homes(store)[f"salesforce/Task/{TASK}"] == BETA
    assert homes(store)["outreach/prospect/7"] == BETA


def test_committing_a_page_twice_changes_nothing(store):
    """A page read again after a crash has no effect."""
    for one in records():
        store.mirror.commit(page(one), now=NOW)
    store.mirror.clear_dirty(store.mirror.dirty(100))
    again = [store.mirror.commit(page(one), now=NOW) for one in records()]
    assert sum(result.changed for result in again) == 0
    assert store.mirror.dirty(100) == []


def test_an_older_version_never_replaces_a_newer_one(store):
    """A late page of an overlap does not bring back the past."""
    new = Account(id=ACME, name="New")
    old = Account(id=ACME, name="Old")
    store.mirror.commit(page(record("salesforce", "Account", new)), now=NOW)
    late = record("salesforce", "Account", old, version="0", at=NOW - timedelta(days=1))
    assert store.mirror.commit(page(late), now=NOW).changed == 0
    assert b"New" in store.mirror.get(late.ref).fields


def test_the_cursor_is_stored_with_its_page(store):
    """What the next pass starts from is what was really kept."""
    cursor = {"at": "2026-11-24T09:00:00Z"}
    store.mirror.commit(page(records()[0], cursor=cursor), now=NOW)
    assert store.mirror.cursors("salesforce")[("Account", "")] == cursor
    store.mirror.commit(page(records()[1]), now=NOW)
    assert store.mirror.cursors("salesforce")[("Account", "")] == cursor


def moved(one, **values):
    """A record that is not what it was."""
    return msgspec.structs.replace(one, **values)


def accounts(count):
    """Many accounts."""
    ids = [salesforce_id(f"0010000000000{number:02d}") for number in range(count)]
    return [record("salesforce", "Account", Account(id=one)) for one in ids]


@pytest.fixture(params=["on one page", "page by page"])
def commit_listing(request, store):
    """Commits a full listing; the result of its last page."""

    def commit(*found, quarantined=(), as_of=None):
        cut = 0 if request.param == "on one page" else len(found) // 2
        if cut:
            store.mirror.commit(page(*found[:cut], starts_snapshot=True), now=NOW)
        last = page(
            *found[cut:],
            quarantined=quarantined,
            starts_snapshot=not cut,
            snapshot=True,
            last=True,
            as_of=as_of,
        )
        return store.mirror.commit(last, now=NOW)

    return commit


def test_a_snapshot_removes_what_it_did_not_bring(store, commit_listing):
    """After a full listing what is not in it is gone."""
    found = accounts(10)
    commit_listing(*found)
    assert commit_listing(*found[:8]).deleted == 2
    assert store.mirror.get(found[9].ref).deleted
    assert store.mirror.live_counts() == {("salesforce", "Account"): 8}


def test_a_halved_snapshot_is_not_believed(store, commit_listing):
    """A listing that lost half of what was known deletes nothing and is said."""
    found = accounts(30)
    commit_listing(*found)
    assert commit_listing(*found[:5]).deleted == 0
    (doubt,) = store.mirror.doubts()
    assert (doubt.before, doubt.after) == (30, 5)
    commit_listing(*found)
    assert store.mirror.doubts() == []


@pytest.mark.parametrize(("seconds", "gone"), [(-1, 0), (0, 1), (1, 1), (None, 1)])
def test_a_listing_says_nothing_of_what_moved_after_it_was_read(
    store, commit_listing, seconds, gone
):
    """Another process has listed later and committed sooner; the next one tells."""
    *found, later = accounts(4)
    commit_listing(*found)
    made = NOW + timedelta(minutes=1)
    later = moved(later, valid_from=made)
    commit_listing(*found, later)
    as_of = None if seconds is None else made + timedelta(seconds=seconds)
    assert commit_listing(*found, as_of=as_of).deleted == gone
    assert store.mirror.get(later.ref).deleted is bool(gone)
    assert commit_listing(*found, as_of=made).deleted == 1 - gone


@pytest.mark.parametrize("moves", [False, True], ids=["still", "moving"])
def test_listings_at_once_take_nothing_of_each_other_for_gone(store, moves):
    """Processes list page by page; what goes while one lists is gone for the next."""
    found, gone = accounts(4), accounts(5)[4]
    pages = {
        "a": (found[:2], found[2:]),
        "b": ([*found[2:], gone], found[:2]),
        "c": (found[:2], found[2:]),
    }
    orders = {"".join(one) for one in permutations("aabbcc")}
    for order in sorted(one for one in orders if list(dict.fromkeys(one)) == [*"abc"]):
        store.mirror.commit(page(*found, moved(gone, version=order), **WHOLE), now=NOW)
        passes = {}
        for number, one in enumerate(order):
            ends = one in passes
            some = pages[one][ends]
            if moves:
                some = [moved(each, version=f"{order} {number}") for each in some]
            mine = page(
                *some,
                starts_snapshot=not ends,
                last=ends,
                snapshot=ends,
                pass_id=passes.get(one),
            )
            passes.setdefault(one, store.mirror.commit(mine, now=NOW).pass_id)
            assert not any(store.mirror.get(each.ref).deleted for each in found), order
        assert store.mirror.get(gone.ref).deleted, order


def test_what_moved_to_another_scope_is_gone_from_there_when_not_listed(store):
    """However often the one that it came from has been listed."""
    one, other = accounts(2)
    for _ in range(3):
        store.mirror.commit(page(one, starts_snapshot=True, scope="a"), now=NOW)
    here = moved(one, version="2")
    store.mirror.commit(page(here, other, starts_snapshot=True, scope="b"), now=NOW)
    store.mirror.commit(page(other, starts_snapshot=True, scope="b"), now=NOW)
    last = page(other, snapshot=True, last=True, scope="b")
    assert store.mirror.commit(last, now=NOW).deleted == 1


def test_a_listing_that_broke_off_says_nothing_about_the_next(store, commit_listing):
    """Whether that one comes on one page or on many."""
    found = accounts(6)
    commit_listing(*found)
    store.mirror.commit(page(*found[:2], starts_snapshot=True), now=NOW)
    assert commit_listing(*found[:5]).deleted == 1
    assert commit_listing(*found[:5]).deleted == 0
    assert store.mirror.live_counts() == {("salesforce", "Account"): 5}


def test_a_small_listing_that_says_nothing_new_writes_its_cursor_only(store):
    """Value lists and roles are listed by every poll."""
    listing = {"starts_snapshot": True, "snapshot": True, "last": True}
    found = accounts(3)
    store.mirror.commit(page(*found, **listing), now=NOW)
    statements = []
    sa.event.listen(
        store.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    store.mirror.commit(page(*found, **listing, cursor={"at": 2}), now=NOW)
    written = [one for one in statements if not one.startswith(("SELECT", "PRAGMA"))]
    assert [one.split()[:3] for one in written] == [["INSERT", "INTO", "cursors"]]


WHOLE = {"starts_snapshot": True, "snapshot": True, "last": True}
UNREADABLE = Quarantined(ref=RecordRef("salesforce", "Account", "x"), reason="no")


@pytest.mark.parametrize(
    ("change", "says_nothing"),
    [
        (lambda found: page(*found, **WHOLE), True),
        (lambda found: page(*found[::-1], **WHOLE, cursor={"at": 2}), True),
        (lambda found: page(*found[:2], **WHOLE), False),
        (lambda found: page(*found, accounts(4)[3], **WHOLE), False),
        (lambda found: page(moved(found[0], version="2"), *found[1:], **WHOLE), False),
        (lambda found: page(moved(found[0], fields=b"{}"), *found[1:], **WHOLE), False),
        (lambda found: page(moved(found[0], deleted=True), *found[1:], **WHOLE), False),
        (lambda found: page(*found, **WHOLE, quarantined=(UNREADABLE,)), False),
        (lambda found: page(*found, **WHOLE, scope="another"), False),
        (lambda found: page(*found, **WHOLE | {"last": False}), False),
        (lambda found: page(*found, **WHOLE | {"starts_snapshot": False}), False),
        (lambda found: page(*found), False),
    ],
)
def test_a_whole_listing_says_nothing_new_if_the_mirror_has_just_that(
    store, change, says_nothing
):
    """Then committing it moves its cursor and nothing else."""
    found = accounts(3)
    store.mirror.commit(page(*found, **WHOLE), now=NOW)
    after = change(found)
    assert store.mirror.says_nothing_new(after) is says_nothing
    if says_nothing:
        said = store.mirror.commit(after, now=NOW)
        assert (said.changed, said.deleted, said.dirtied) == (0, 0, 0)


def test_a_listing_that_was_doubted_or_unreadable_says_that_it_is_not_any_more(store):
    """A doubt and a quarantined record are lifted by a commit, so there is one."""
    found = accounts(30)
    store.mirror.commit(page(*found, **WHOLE), now=NOW)
    store.mirror.commit(page(*found[:5], **WHOLE), now=NOW)
    assert not store.mirror.says_nothing_new(page(*found, **WHOLE))
    store.mirror.commit(page(*found, **WHOLE), now=NOW)
    assert store.mirror.says_nothing_new(page(*found, **WHOLE))
    bad = Quarantined(ref=found[0].ref, reason="no text", path="Name")
    store.mirror.commit(page(*found[1:], **WHOLE, quarantined=(bad,)), now=NOW)
    assert not store.mirror.says_nothing_new(page(*found, **WHOLE))


def test_a_record_of_a_wrong_type_is_quarantined_and_its_page_kept(store):
    """One unreadable record costs nothing but itself, and is named."""
    object_map = load_mappings(None).objects[("salesforce", "Account")]
    raw = [
        RawRecord(
            ref=RecordRef("salesforce", "Account", one), version="1", fields=fields
        )
        for one, fields in ((ACME, {"Name": "Acme"}), (BETA, {"Name": {"no": "text"}}))
    ]
    good, bad = translate(raw, object_map)
    store.mirror.commit(page(*good, quarantined=bad), now=NOW)
    ((held, _),) = store.mirror.quarantined()
    assert (held.ref.id, held.path) == (BETA, "Name")
    assert "no" not in held.reason.split()
    assert store.mirror.get(good[0].ref) is not None


def test_a_listed_record_that_cannot_be_read_is_not_gone(store, commit_listing):
    """It is quarantined as it now is; what was read of it before stays."""
    *found, last = accounts(3)
    commit_listing(*found, last)
    bad = Quarantined(ref=last.ref, reason="no text", path="Name")
    assert commit_listing(*found, quarantined=(bad,)).deleted == 0
    assert not store.mirror.get(last.ref).deleted
    assert [one.ref for one, _ in store.mirror.quarantined()] == [last.ref]


def test_homes_are_loaded_with_the_deals_of_guests(store):
    """A person of another account brings that account's deals as candidates."""
    for one in records():
        store.mirror.commit(page(one), now=NOW)
    other = Activity(
        id=salesforce_id("00T000000000009"), object="Task", who_id=ADA, what_id=DEAL
    )
    store.mirror.commit(page(record("salesforce", "Task", other)), now=NOW)
    (batch,) = store.mirror.load([ACME], since=NOW - timedelta(days=400))
    (home,) = batch
    assert [one.id for one in home.contacts] == [ADA]
    assert {one.id for one in home.activities} == {TASK, other.id}
    assert [one.id for one in home.prospects] == ["7"]


def test_tokens_are_kept_encrypted(store):
    """What stands in the table is not the token."""
    store.vault.save("outreach.token", {"refresh_token": "s3cr3t"})
    with store.engine.connect() as connection:
        raw = connection.scalar(sa.text("SELECT value FROM secrets"))
    assert "s3cr3t" not in raw
    assert store.vault.load("outreach.token") == {"refresh_token": "s3cr3t"}


def test_a_doubted_listing_is_believed_once_a_person_says_so(store):
    """The next full listing deletes what it does not bring; the one after is judged."""
    listing = {"starts_snapshot": True, "snapshot": True, "last": True}
    found = accounts(60)
    store.mirror.commit(page(*found, **listing), now=NOW)
    store.mirror.commit(page(*found[:25], **listing), now=NOW)
    (doubt,) = store.mirror.doubts()
    assert doubt.says == "Account fell from 60 to 25"
    assert store.mirror.clear_doubts(["dbt_other"]) == []
    assert store.mirror.clear_doubts([doubt.id]) == [doubt]
    assert store.mirror.doubts() == []
    gone = store.mirror.commit(page(*found[:25], **listing), now=NOW)
    assert gone.deleted == 35
    assert store.mirror.commit(page(*found[:3], **listing), now=NOW).deleted == 0
    assert len(store.mirror.doubts()) == 1


def test_a_field_with_values_that_vanishes_is_doubted_until_it_is_back(store):
    """One that no record ever filled, or that was never there, is no loss."""
    ids = [salesforce_id(f"0030000000000{number:02d}") for number in range(2)]
    full = Contact(id=ids[0], account_id="001000000000001AAA", title="CFO")
    store.mirror.commit(page(record("salesforce", "Contact", full)), now=NOW)
    name = "salesforce.Contact.{}".format
    store.mirror.note_unmapped("salesforce", [name("phones")])
    assert store.mirror.doubts() == []
    store.mirror.note_unmapped("salesforce", [name("phones"), name("title")])
    (doubt,) = store.mirror.doubts()
    assert (doubt.field, doubt.says) == ("title", "Contact.title can no longer be read")
    store.mirror.note_unmapped("outreach", [])
    store.mirror.note_unmapped("salesforce", [name("title")])
    assert store.mirror.doubts() == [doubt]
    store.mirror.note_unmapped("salesforce", [])
    assert store.mirror.doubts() == []
    store.mirror.note_unmapped("salesforce", [name("title")])
    assert len(store.mirror.clear_doubts([doubt.id])) == 1
    store.mirror.note_unmapped("salesforce", [name("title")])
    assert store.mirror.doubts() == []
    assert store.mirror.facts()["unmapped"] == [name("title")]
