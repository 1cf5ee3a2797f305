"""A list of values is one parameter: the same rows, by the same index, any number."""

import pytest
import sqlalchemy as sa

from syncd.db.lists import is_one_of
from syncd.db.tables import FACTS
from syncd.store import Store, open_store

NAMES = ("plain", "it's", 'a "b" \\c', "Zoë, {x}", "null", "NULL", "", "12", "a\nb")
ASKED = sa.select(FACTS.c.name).where(is_one_of(FACTS.c.name, "names"))


@pytest.fixture
def named(store):
    """A store with a fact of each name."""
    store.mirror.save_facts(dict.fromkeys(NAMES, 1))
    return store


def found(store: Store, names: list[str]) -> set[str]:
    """Those of these names that the store has."""
    with store.engine.connect() as connection:
        return set(connection.scalars(ASKED, {"names": names}))


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_found_as_it_is(named, name):
    """Whatever quotes, breaks or words of the database it has in it."""
    assert found(named, [name]) == {name}


@pytest.mark.parametrize("number", [0, 1, 3, 500])
def test_any_number_of_texts_may_be_asked_for(named, number):
    """What is not there is not found, and none at all finds nothing."""
    others = [f"other {n}" for n in range(number)]
    assert found(named, others) == set()
    assert found(named, [*others, *NAMES[:2]]) == set(NAMES[:2])


def test_an_index_is_used(tmp_path):
    """Where the condition is one of several, too, which SQLAlchemy would wrap."""
    opened = open_store(f"sqlite:///{tmp_path}/syncd.db", base=tmp_path)
    query = ASKED.where(FACTS.c.value != "")
    text = str(query.compile(opened.engine))
    with opened.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("[]", ""))
        steps = [row.detail for row in plan]
    opened.close()
    assert any(step.startswith("SEARCH facts USING") for step in steps)
