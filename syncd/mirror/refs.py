"""Some records of one object: the condition that matches them, and what to ask with.

Statements of the mirror are built once, with parameters, and not for every page: a
page of a quiet poll would cost more to ask for than to store.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from syncd.db.engine import chunks
from syncd.db.lists import is_one_of
from syncd.model.record import RecordRef

Asked = dict[str, Any]


def of_object(table: sa.Table) -> sa.ColumnElement[bool]:
    """Matches the records of one object: ``of_system`` and ``of_object``."""
    return sa.and_(
        table.c.system == sa.bindparam("of_system"),
        table.c.object == sa.bindparam("of_object"),
    )


def among(table: sa.Table) -> sa.ColumnElement[bool]:
    """Matches those of one object's records that have one of ``ids``."""
    return sa.and_(of_object(table), is_one_of(table.c.id, "ids"))


def is_the_one(table: sa.Table) -> sa.ColumnElement[bool]:
    """Matches one record; see :func:`the_one`."""
    return sa.and_(of_object(table), table.c.id == sa.bindparam("of_id"))


def the_one(ref: RecordRef) -> Asked:
    """Parameters for :func:`is_the_one`."""
    return {"of_system": ref.system, "of_object": ref.object, "of_id": ref.id}


def asking(system: str, object_name: str, ids: Collection[str]) -> Iterator[Asked]:
    """Parameters for :func:`among`, each of a bearable size; none without ids."""
    for some in chunks(sorted(ids)):
        yield {"of_system": system, "of_object": object_name, "ids": some}


def asking_for(refs: Collection[RecordRef]) -> Iterator[Asked]:
    """Parameters for :func:`among` that together match these records."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ref in refs:
        groups[(ref.system, ref.object)].append(ref.id)
    for (system, name), ids in sorted(groups.items()):
        yield from asking(system, name, ids)
