"""Connections to the store: nobody is locked out by an error or by a sibling."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import sqlalchemy as sa

from syncd.db import engine
from syncd.db.engine import open_engine, reading, upsert, writing
from syncd.db.tables import FACTS, METADATA
from syncd.errors import StoreError


def facts(count):
    """Rows to write."""
    return [{"name": f"fact {n}", "value": "1"} for n in range(count)]


@pytest.mark.parametrize("use", [reading, writing])
def test_an_error_amid_the_rows_of_an_answer_locks_nobody_out(store, use):
    """A connection with rows left unread is not used again.

    On SQLite its statement would keep a transaction open, and the next write on it
    would be refused at once.
    """
    with writing(store.engine, "facts") as connection:
        upsert(connection, FACTS, facts(5))
    held = []  # as the error's traceback holds it

    def fail():
        with use(store.engine, "facts") as connection:
            held.append(connection.execute(sa.select(FACTS)))
            held[-1].fetchone()
            raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            fail()
        store.mirror.save_fact("one", 1)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_threads_wait_for_each_other_however_long(store_url, monkeypatch):
    """A long transaction of one thread does not let another's fail.

    SQLite itself lets nobody queue, and gives up after its time-out.
    """
    monkeypatch.setattr(engine, "_SECONDS_FOR_A_LOCK", 0.1)
    opened = open_engine(store_url)
    METADATA.create_all(opened)
    begun = Event()

    def long():
        with writing(opened, "facts") as connection:
            begun.set()
            time.sleep(1)
            upsert(connection, FACTS, facts(2))

    def short():
        assert begun.wait(10)
        with writing(opened, "facts") as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(FACTS))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(long), pool.submit(short)
        first.result()
        assert second.result() == 2
    opened.dispose()


def test_a_value_that_cannot_be_decoded_is_damage(store):
    """Told with the part of the store that was read, and without the value."""
    store.mirror.save_fact("orgs", {"salesforce": "00D"})
    with store.engine.begin() as connection:
        connection.execute(sa.update(FACTS).values(value="secret words"))
    with pytest.raises(StoreError, match="a row of the mirror cannot be read") as told:
        store.mirror.facts()
    assert "secret" not in str(told.value)
    assert told.value.__suppress_context__
