"""No change in a source is missed: other tools' public failures, one test each.

Named after the threads that tell of them.
"""

from datetime import timedelta

import pytest

from syncd.kit.instants import iso_z
from syncd.model.record import RecordRef
from syncd.wiring import open_app


def insert(sandbox, name="Account", **fields):
    """A record that a colleague makes; its id."""
    body = {"object": name, "fields": fields or {"Name": "New Ltd"}}
    return sandbox.salesforce.control("insert", body)["id"]


def is_known(app, record_id):
    """Whether the mirror has the record."""
    return bool(app.store.mirror.find(record_id))


def settle(sandbox, minutes=30):
    """Time goes by."""
    sandbox.clock.advance(timedelta(minutes=minutes))


@pytest.mark.parametrize("late_s", [60, 240, 540])
def test_airbyte_27146_row_that_is_visible_late_is_read(app, sandbox, late_s):
    """A row stamped before the cursor and committed after it is not passed over."""
    app.poll()
    late = insert(sandbox)
    sandbox.salesforce.control("delay_commit", {"id": late, "seconds": late_s})
    sandbox.clock.advance(timedelta(seconds=10))
    newer = insert(sandbox)
    sandbox.clock.advance(timedelta(seconds=20))
    app.poll()
    assert (is_known(app, newer), is_known(app, late)) == (True, False)
    sandbox.clock.advance(timedelta(seconds=late_s))
    app.poll()
    assert is_known(app, late)


def test_airbyte_42537_row_that_is_later_than_any_overlap_is_proved_missing(
    app, sandbox
):
    """Behind the overlap only comparing helps: it is found, read and said."""
    app.poll()
    late = insert(sandbox)
    sandbox.salesforce.control("delay_commit", {"id": late, "seconds": 3000})
    for _ in range(2):
        settle(sandbox)
        app.poll()
    assert not is_known(app, late)
    settle(sandbox)
    app.poll()
    proofs = {(p.system, p.object): p for p in app.prove()}
    assert proofs[("salesforce", "Account")].missing == 1
    assert is_known(app, late)
    assert sum(proof.repaired for proof in app.prove()) == 0


def test_airbyte_17148_more_rows_than_a_page_share_one_stamp(app, sandbox):
    """A bulk update of thousands in one second is read once, and comes to an end."""
    app.poll()
    settle(sandbox, 1)
    at = iso_z(sandbox.clock.now().replace(microsecond=0))
    made = {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}
    rows = [{"Name": f"Bulk {number}", **made} for number in range(4_300)]
    sandbox.salesforce.load("Account", rows)
    before = app.store.mirror.live_counts()[("salesforce", "Account")]
    settle(sandbox, 1)
    [first] = app.poll(only="salesforce")
    after = app.store.mirror.live_counts()[("salesforce", "Account")]
    assert (first.complete, after - before) == (True, 4_300)
    settle(sandbox)
    [second] = app.poll(only="salesforce")
    assert (second.complete, second.changed) == (True, 0)


def test_airbyte_9883_a_restart_in_such_a_page_goes_on_in_it(app, config, sandbox):
    """Four hundred equal stamps and a process that ends between two pages."""
    app.poll()
    settle(sandbox, 1)
    at = iso_z(sandbox.clock.now().replace(microsecond=0))
    made = {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}
    sandbox.salesforce.load(
        "Account", [{"Name": f"Equal {number}", **made} for number in range(2_400)]
    )
    settle(sandbox, 1)

    def give_up(_system, name, done, _total):
        if name == "Account" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.poll(only="salesforce", progress=give_up)
    with open_app(config) as restarted:
        [outcome] = restarted.poll(only="salesforce")
        names = restarted.store.mirror.live_counts()[("salesforce", "Account")]
    accounts = sandbox.salesforce.tables.rows("Account", with_deleted=False)
    assert outcome.complete
    assert names == sum(1 for _ in accounts)


def test_n8n_21028_a_record_that_rests_is_not_reported_again(app, sandbox):
    """Polling on says nothing new, and wakes nobody."""
    app.poll()
    mirror = app.store.mirror
    for _ in range(3):
        settle(sandbox)
        mirror.clear_dirty(mirror.dirty(100_000))
        polls = app.poll()
        assert sum(one.changed for one in polls) == 0
        assert mirror.dirty(1) == []


def test_n8n_30536_an_update_is_one_change_of_one_record(app, sandbox):
    """What is edited moves; it is not taken for something new."""
    app.poll()
    account = next(iter(sandbox.salesforce.tables.rows("Account", with_deleted=False)))
    settle(sandbox)
    before = app.store.mirror.live_counts()
    body = {"object": "Account", "id": account["Id"], "fields": {"Name": "Renamed"}}
    sandbox.salesforce.control("edit", body)
    settle(sandbox, 1)
    [outcome] = app.poll(only="salesforce")
    assert outcome.changed == 1
    assert app.store.mirror.live_counts() == before


def test_pipedream_9712_records_seconds_apart_are_all_read(app, sandbox):
    """The newest stamp that was seen hides nobody who came in the same second."""
    app.poll()
    settle(sandbox, 1)
    sandbox.clock.freeze()
    first = insert(sandbox)
    sandbox.clock.advance(timedelta(seconds=6))
    app.poll()
    sandbox.clock.advance(timedelta(seconds=-6))
    second = insert(sandbox)
    sandbox.clock.advance(timedelta(seconds=2))
    third = insert(sandbox)
    sandbox.clock.advance(timedelta(seconds=10))
    app.poll()
    assert [is_known(app, one) for one in (first, second, third)] == [True] * 3


def test_a_change_that_moved_no_stamp_is_left_to_the_service(app, sandbox):
    """A proof compares versions, so equal versions count as equal."""
    app.poll()
    settle(sandbox)
    app.poll()
    assert sum(one.repaired for one in app.prove(thorough=True)) == 0


def test_a_record_that_vanished_without_trace_is_proved_gone(app, sandbox):
    """Outreach tells of no delete, and a purge in Salesforce leaves nothing."""
    app.poll()
    contact = next(iter(sandbox.salesforce.tables.rows("Contact", with_deleted=False)))
    body = {"object": "Contact", "id": contact["Id"]}
    sandbox.salesforce.control("delete", body)
    sandbox.salesforce.control("purge", body)
    prospects = sandbox.outreach.control("resources", {"type": "prospect"})["resources"]
    gone = prospects[0]["id"]
    sandbox.outreach.control("delete", {"type": "prospect", "id": gone})
    settle(sandbox)
    app.poll()
    proofs = {(p.system, p.object): p for p in app.prove()}
    assert proofs[("salesforce", "Contact")].gone == 1
    assert proofs[("outreach", "prospect")].gone == 1
    counts = app.store.mirror.live_counts()
    assert counts[("outreach", "prospect")] == len(prospects) - 1


def test_a_service_that_hides_half_its_records_deletes_nothing(app, sandbox):
    """A permission that was lost looks like deletes; it is doubted and said."""
    app.poll()
    prospects = sandbox.outreach.control("resources", {"type": "prospect"})["resources"]
    for prospect in prospects[: len(prospects) * 2 // 3]:
        sandbox.outreach.control("hide", {"type": "prospect", "id": prospect["id"]})
    settle(sandbox)
    app.poll()
    proofs = {(p.system, p.object): p for p in app.prove()}
    proof = proofs[("outreach", "prospect")]
    assert (proof.gone, bool(proof.doubted)) == (0, True)
    counts = app.store.mirror.live_counts()
    assert counts[("outreach", "prospect")] == len(prospects)


@pytest.mark.parametrize("proved_first", [False, True])
def test_what_a_merge_has_moved_is_read_though_no_stamp_moved(
    app, sandbox, proved_first
):
    """Activities and roles of the loser name the survivor in the mirror, too.

    Also when a proof has seen before the poll that the loser is gone.
    """
    tables = sandbox.salesforce.tables
    app.poll(only="salesforce")
    role = next(iter(tables.rows("OpportunityContactRole", with_deleted=False)))
    loser = role["ContactId"]
    naming = {
        row["Id"]: name
        for name in ("Task", "Event", "OpportunityContactRole")
        for row in tables.rows(name, with_deleted=False)
        if loser in {row.get("WhoId"), row.get("ContactId")}
        if is_known(app, row["Id"])
    }
    assert len(set(naming.values())) > 1
    account = tables.find("Contact", loser)["AccountId"]
    winner = insert(sandbox, "Contact", LastName="Survivor", AccountId=account)
    settle(sandbox)
    app.poll(only="salesforce")
    body = {"object": "Contact", "id": winner, "losers": [loser]}
    sandbox.salesforce.control("merge", body)
    settle(sandbox)
    if proved_first:
        app.prove()
        assert app.store.mirror.get(RecordRef("salesforce", "Contact", loser)).deleted
    app.poll(only="salesforce")
    for record_id, name in naming.items():
        known = app.store.mirror.get(RecordRef("salesforce", name, record_id))
        assert loser not in known.fields.decode()
        assert winner in known.fields.decode()
