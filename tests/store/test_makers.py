"""Tools are told from people by who made activities for whom, counted while polling."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.db.engine import open_engine
from syncd.db.migrate import upgrade
from syncd.db.tables import MAKERS, RECORDS
from syncd.model.policy import Policy
from syncd.model.record import Record, RecordRef
from syncd.store import Store, open_store
from tests.store.conftest import NOW

PEOPLE = ("005tool", "005ann", "005ben")


def counted(store: Store) -> dict[tuple[str, str], int]:
    """What the store has counted."""
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(MAKERS).where(MAKERS.c.number != 0))
        return {(row.maker, row.owner): row.number for row in rows}


def recounted(store: Store) -> dict[tuple[str, str], int]:
    """The same by reading every record."""
    query = sa.select(RECORDS.c.fields).where(RECORDS.c.object.in_(("Task", "Event")))
    found: Counter[tuple[str, str]] = Counter()
    with store.engine.connect() as connection:
        for body in connection.scalars(query):
            one = json.loads(body)
            if one.get("created_by_id") and not one.get("is_child"):
                found[one["created_by_id"], one.get("owner_id", "")] += 1
    return dict(found)


def gone(number: int, *, at: Any) -> Record:
    """The tombstone of an activity."""
    return Record(
        ref=RecordRef("salesforce", "Task", f"00T{number}"),
        version=at.isoformat(),
        valid_from=at,
        fields=b"{}",
        deleted=True,
    )


STEPS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from((*PEOPLE, None)),
        st.sampled_from((*PEOPLE, None)),
        st.booleans(),
        st.booleans(),
        st.integers(-2, 3),
    ),
    max_size=12,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, cut=st.integers(0, 12))
def test_what_is_counted_is_what_the_records_say(
    store: Store,
    record: Callable[..., Record],
    page: Callable[..., Any],
    steps: list[tuple[int, str | None, str | None, bool, bool, int]],
    cut: int,
) -> None:
    """Whatever is made, given away, deleted, comes back or arrives out of order."""
    records = []
    for place, (number, maker, owner, is_child, is_gone, late) in enumerate(steps):
        at = NOW + timedelta(hours=place + late)
        fields = {"created_by_id": maker, "owner_id": owner, "is_child": is_child}
        records.append(
            gone(number, at=at)
            if is_gone
            else record("salesforce", "Task", f"00T{number}", at=at, **fields)
        )
    for some in (records[:cut], records[cut:]):
        if some:
            store.mirror.commit(page(*some), now=NOW)
    assert counted(store) == recounted(store)


@pytest.mark.parametrize(
    ("for_others", "for_itself", "owners", "is_tool"),
    [
        (50, 0, 5, True),
        (49, 0, 5, False),
        (60, 0, 4, False),
        (48, 12, 6, True),
        (47, 13, 6, False),
    ],
    ids=["tool", "too_few", "assistant", "own_too", "mostly_own"],
)
def test_who_makes_much_for_many_others_is_a_tool(
    store: Store,
    record: Callable[..., Record],
    page: Callable[..., Any],
    for_others: int,
    for_itself: int,
    owners: int,
    is_tool: bool,
) -> None:
    """Fifty activities, five owners, four in five of them for others."""
    mine = ["005tool"] * for_itself
    mine += [f"005rep{number % owners}" for number in range(for_others)]
    made = [
        record("salesforce", "Event", f"00U{n}", created_by_id="005tool", owner_id=one)
        for n, one in enumerate(mine)
    ]
    store.mirror.commit(page(*made), now=NOW)
    found = store.mirror.org(Policy()).integration_user_ids
    assert found == (frozenset({"005tool"}) if is_tool else frozenset())


def test_an_older_store_is_counted_when_it_is_opened(
    bare_url: str, tmp_path: Path, record: Callable[..., Record]
) -> None:
    """Else nobody would be a tool until everything was read again."""
    engine = open_engine(bare_url)
    upgrade(engine, to="0004")
    made = [
        record(
            "salesforce", "Task", f"00T{n}", created_by_id="005tool", owner_id=f"005{n}"
        )
        for n in range(60)
    ]
    columns = "system, object, id, version, is_open, deleted, fields"
    statement = (
        f"INSERT INTO records ({columns})"
        " VALUES ('salesforce', 'Task', :id, '1', :no, :no, :fields)"
    )
    rows = [{"id": r.ref.id, "no": False, "fields": r.fields.decode()} for r in made]
    with engine.begin() as connection:
        connection.execute(sa.text(statement), rows)
    engine.dispose()
    store = open_store(bare_url, base=tmp_path)
    assert store.mirror.org(Policy()).integration_user_ids == {"005tool"}
    assert counted(store) == recounted(store)
    store.close()
