"""What a poll brought that is not believed: halved listings, fields that vanished.

A doubt goes when the next poll shows it was right to doubt (the records, the field are
there again), or when a person says that the smaller org is the true one.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from syncd.db.engine import upsert
from syncd.db.tables import DOUBTS, FACTS, RECORDS
from syncd.ports.mirror import SnapshotDoubt

_LOST: Final = "lost_fields"
_BELIEVED: Final = "believed_snapshots"
_UNMAPPED: Final = "unmapped"

_DOUBTS: Final = sa.select(DOUBTS).order_by(*DOUBTS.primary_key)
_FACT: Final = sa.select(FACTS.c.value).where(FACTS.c.name == sa.bindparam("fact"))


def read_doubts(connection: sa.Connection) -> list[SnapshotDoubt]:
    """Every doubt that nobody has cleared, listings first."""
    rows = connection.execute(_DOUBTS).all()
    listings = [
        SnapshotDoubt(
            system=r.system,
            object=r.object,
            scope=r.scope,
            before=r.before,
            after=r.after,
        )
        for r in rows
    ]
    fields = [one.split(".", 2) for one in _fact(connection, _LOST) or ()]
    return listings + [
        SnapshotDoubt(system=system, object=name, field=field)
        for system, name, field in fields
    ]


def unmapped_of(connection: sa.Connection, system: str) -> set[str]:
    """The mapped fields (``system.Object.field``) that a system was seen without."""
    known = _fact(connection, _UNMAPPED) or ()
    return {one for one in known if one.startswith(f"{system}.")}


def note_unmapped(
    connection: sa.Connection, system: str, names: Collection[str]
) -> None:
    """Remember which mapped fields a system does not have.

    One that is newly missing although records have a value in it has not been removed
    from the mapping: our user may not read it any more. It is doubted.

    Args:
        connection: In a transaction that is alone to write.
        system: Whose fields they are.
        names: ``system.Object.field`` in canonical names.
    """
    before = set(_fact(connection, _UNMAPPED) or ())
    others = {one for one in before if not one.startswith(f"{system}.")}
    unmapped = others | set(names)
    newly = {one for one in unmapped - before if _filled(connection, one)}
    still = unmapped & set(_fact(connection, _LOST) or ())
    _save(connection, _UNMAPPED, sorted(unmapped))
    _save(connection, _LOST, sorted(still | newly))


def _filled(connection: sa.Connection, name: str) -> bool:
    """Whether any live record has a value in this field: defaults are not written."""
    system, object_name, field = name.split(".", 2)
    query = sa.select(sa.literal(1)).where(
        RECORDS.c.system == system,
        RECORDS.c.object == object_name,
        RECORDS.c.deleted == sa.false(),
        RECORDS.c.fields.contains(f'"{field}":', autoescape=True),
    )
    return connection.scalar(query.limit(1)) is not None


def is_believed(connection: sa.Connection, key: Mapping[str, str]) -> bool:
    """Whether a person said that a shrunken listing is true; asked once."""
    believed = list(_fact(connection, _BELIEVED) or ())
    name = "|".join((key["system"], key["object"], key["scope"]))
    if name not in believed:
        return False
    _save(connection, _BELIEVED, [one for one in believed if one != name])
    return True


def clear(connection: sa.Connection, ids: Collection[str]) -> Sequence[SnapshotDoubt]:
    """Believe these: their next listing may delete, their fields stay unread."""
    lifted = [one for one in read_doubts(connection) if one.id in ids]
    lost = set(_fact(connection, _LOST) or ())
    believed = set(_fact(connection, _BELIEVED) or ())
    for one in lifted:
        if one.field:
            lost.discard(f"{one.system}.{one.object}.{one.field}")
            continue
        believed.add(f"{one.system}|{one.object}|{one.scope}")
        connection.execute(
            sa.delete(DOUBTS).where(
                DOUBTS.c.system == one.system,
                DOUBTS.c.object == one.object,
                DOUBTS.c.scope == one.scope,
            )
        )
    _save(connection, _LOST, sorted(lost))
    _save(connection, _BELIEVED, sorted(believed))
    return lifted


def _fact(connection: sa.Connection, name: str) -> Any:  # noqa: ANN401 - any JSON value
    found = connection.scalar(_FACT, {"fact": name})
    return None if found is None else json.loads(found)


def _save(connection: sa.Connection, name: str, value: Sequence[str]) -> None:
    upsert(connection, FACTS, [{"name": name, "value": json.dumps(value)}])
