"""Loads homes in batches: a handful of statements per batch, none per home."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, in_parts
from syncd.db.lists import is_one_of
from syncd.db.tables import FILING, RECORDS, VERSIONS
from syncd.mirror.bases import load_bases
from syncd.mirror.former import FORMER, load_former
from syncd.mirror.guests import GUESTS, guest_homes
from syncd.model.entities import ENTITY_TYPES, ContactRole, Entity
from syncd.model.membership import Base
from syncd.model.record import RecordRef
from syncd.model.view import Former, HomeRecords

_FIELD_OF: Final[Mapping[tuple[str, str], str]] = {
    ("salesforce", "Account"): "accounts",
    ("salesforce", "Contact"): "contacts",
    ("salesforce", "Lead"): "leads",
    ("salesforce", "Opportunity"): "opportunities",
    ("salesforce", "OpportunityHistory"): "opportunity_history",
    ("salesforce", "OpportunityFieldHistory"): "opportunity_changes",
    ("salesforce", "OpportunityContactRole"): "roles",
    ("salesforce", "Case"): "cases",
    ("salesforce", "Task"): "activities",
    ("salesforce", "Event"): "activities",
    ("outreach", "account"): "outreach_accounts",
    ("outreach", "prospect"): "prospects",
    ("outreach", "opportunity"): "outreach_opportunities",
    ("outreach", "opportunityProspectRole"): "prospect_roles",
    ("outreach", "call"): "calls",
    ("outreach", "task"): "outreach_tasks",
    ("outreach", "mailing"): "mailings",
    ("google_calendar", "Event"): "meetings",
    ("caldav", "Event"): "meetings",
    ("chorus", "engagement"): "engagements",
}
_Found = tuple[RecordRef, str, Entity]
_DECODERS: Final = {
    of: msgspec.json.Decoder(type=kind) for of, kind in ENTITY_TYPES.items()
}

_SIZES: Final = (
    sa.select(FILING.c.home, sa.func.count())
    .where(is_one_of(FILING.c.home, "homes"))
    .group_by(FILING.c.home)
)
_OF_HOMES: Final = (
    sa.select(
        FILING.c.home,
        RECORDS.c.system,
        RECORDS.c.object,
        RECORDS.c.id,
        RECORDS.c.version,
        RECORDS.c.fields,
    )
    .join(
        RECORDS,
        sa.and_(
            FILING.c.system == RECORDS.c.system,
            FILING.c.object == RECORDS.c.object,
            FILING.c.id == RECORDS.c.id,
        ),
    )
    .where(
        is_one_of(FILING.c.home, "homes"),
        RECORDS.c.deleted == sa.false(),
        sa.or_(
            RECORDS.c.happened_at.is_(None),
            RECORDS.c.happened_at >= sa.bindparam("since"),
            RECORDS.c.is_open == sa.true(),
        ),
    )
    .order_by(RECORDS.c.system, RECORDS.c.object, RECORDS.c.id)
)
_GUESTS_OF: Final = _OF_HOMES.where(
    sa.tuple_(RECORDS.c.system, RECORDS.c.object).in_(sorted(GUESTS))
)
_REMOVED_ROLES: Final = tuple(
    sa.select(table.c.fields).where(
        is_one_of(table.c.parent, "parents"), table.c.deleted == deleted
    )
    for table, deleted in ((VERSIONS, sa.false()), (RECORDS, sa.true()))
)
_MERGED_INTO: Final = sa.select(RECORDS.c.id, RECORDS.c.parent).where(
    is_one_of(RECORDS.c.parent, "parents"),
    RECORDS.c.object == "Contact",
    RECORDS.c.deleted == sa.true(),
)


def load_homes(
    connection: sa.Connection,
    homes: Sequence[str],
    *,
    since: datetime,
    max_records: int,
) -> Iterator[Sequence[HomeRecords]]:
    """Batches of homes in the order given, each of about ``max_records`` at most."""
    for batch in _batches(connection, homes, max_records=max_records):
        own = _records(connection, _OF_HOMES, batch, since=since)
        guests = guest_homes(connection, batch)
        others = _records(
            connection,
            _GUESTS_OF,
            sorted({one for some in guests.values() for one in some}),
            since=since,
        )
        home_of = _opportunities(own)
        removed = _removed_roles(connection, home_of, own)
        bases = load_bases(connection, home_of)
        merged = _merged(connection, [*own.values(), *others.values()])
        former = load_former(
            connection,
            [
                ref
                for some in (*own.values(), *others.values())
                for ref, _, _ in some
                if ref.object in FORMER
            ],
        )
        yield [
            _home(
                home,
                own.get(home, []),
                guests=[found for one in guests[home] for found in others.get(one, [])],
                former=former,
                removed=removed.get(home, ()),
                merged=merged,
                bases={one: bases[one] for one in bases if home_of[one] == home},
            )
            for home in batch
        ]


def _batches(
    connection: sa.Connection, homes: Sequence[str], *, max_records: int
) -> Iterator[list[str]]:
    sizes: dict[str, int] = {}
    for some in chunks(homes):
        sizes.update(dict(connection.execute(_SIZES, {"homes": some}).all()))
    batch: list[str] = []
    held = 0
    for home in homes:
        size = sizes.get(home, 0)
        if batch and held + size > max_records:
            yield batch
            batch, held = [], 0
        batch.append(home)
        held += size
    if batch:
        yield batch


def _records(
    connection: sa.Connection,
    query: sa.Select[Any],
    homes: Iterable[str],
    *,
    since: datetime,
) -> dict[str, list[_Found]]:
    """Decoded records by home, sorted by ref."""
    found: dict[str, list[_Found]] = defaultdict(list)
    for some in chunks(list(homes)):
        rows = in_parts(connection.execute(query, {"homes": some, "since": since}))
        for home, system, name, record_id, version, fields in rows:
            ref = RecordRef(system, name, record_id)
            entity = _DECODERS[(system, name)].decode(fields)
            found[home].append((ref, version, entity))
    return found


def _opportunities(own: Mapping[str, Sequence[_Found]]) -> dict[str, str]:
    """The home of each Salesforce opportunity of these homes."""
    return {
        ref.id: home
        for home, found in own.items()
        for ref, _, _ in found
        if ref.object == "Opportunity"
    }


def _removed_roles(
    connection: sa.Connection,
    home_of: Mapping[str, str],
    own: Mapping[str, Sequence[_Found]],
) -> dict[str, tuple[ContactRole, ...]]:
    """Contact roles that were there once, by home: for questions about the past.

    ``home_of`` gives the home of each opportunity asked about.
    """
    removed: dict[str, dict[str, ContactRole]] = defaultdict(dict)
    for query in _REMOVED_ROLES:
        for some in chunks(sorted(home_of)):
            for body in connection.scalars(query, {"parents": some}):
                role = msgspec.json.decode(body, type=ContactRole)
                removed[home_of[role.opportunity_id]][role.id] = role
    present = {ref.id for found in own.values() for ref, _, _ in found}
    return {
        home: tuple(role for key, role in sorted(roles.items()) if key not in present)
        for home, roles in removed.items()
    }


def _merged(
    connection: sa.Connection, found: Iterable[Sequence[_Found]]
) -> dict[str, str]:
    """Contacts that were merged into these, or into one that was: id → into which."""
    merged: dict[str, str] = {}
    into = [ref.id for some in found for ref, _, _ in some if ref.object == "Contact"]
    while into:
        former: dict[str, str] = {}
        for some in chunks(into):
            rows = connection.execute(_MERGED_INTO, {"parents": some})
            former.update(dict(rows.all()))
        into = [one for one in former if one not in merged]
        merged |= former
    return merged


def _home(
    home: str,
    found: Sequence[_Found],
    *,
    guests: Sequence[_Found],
    removed: tuple[ContactRole, ...] = (),
    merged: Mapping[str, str] | None = None,
    former: Mapping[RecordRef, tuple[Former, ...]] | None = None,
    bases: Mapping[str, Base] | None = None,
) -> HomeRecords:
    grouped: dict[str, list[Any]] = defaultdict(list)
    account: Any = None
    for ref, _, entity in found:
        if ref == RecordRef("salesforce", "Account", home):
            account = entity
        elif (ref.system, ref.object) in _FIELD_OF:
            grouped[_FIELD_OF[(ref.system, ref.object)]].append(entity)
    rows: dict[str, Any] = {name: tuple(some) for name, some in grouped.items()}
    return HomeRecords(
        home=home,
        account=account,
        guests=_home(f"guests of {home}", guests, guests=()) if guests else None,
        versions={ref: version for ref, version, _ in found},
        removed_roles=removed,
        merged=merged or {},
        former={ref: former[ref] for ref, _, _ in (*found, *guests) if ref in former}
        if former
        else {},
        bases=bases or {},
        **rows,
    )
