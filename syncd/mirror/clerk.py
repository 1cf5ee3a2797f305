"""Keeps the filing right while records move, inside the page's own transaction."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, upsert
from syncd.db.lists import is_one_of
from syncd.db.tables import FACTS, FILING, FILING_KEYS, KEY_HOMES, RECORDS
from syncd.mirror.filing import HELD, NOWHERE, Keys, keys_of
from syncd.mirror.held import KIND, whose, with_meeting
from syncd.mirror.home import choose_home
from syncd.mirror.refs import among, asking_for, of_object
from syncd.model.entities import ENTITY_TYPES, Entity, User
from syncd.model.mail import domain_of
from syncd.model.record import Record, RecordRef

_FILED_WITH: Final = "own_domains"
_ADDRESSES: Final = "user_addresses"
_USER: Final = ("salesforce", "User")

_DEFINED: Final = sa.select(KEY_HOMES).where(among(KEY_HOMES))
_UNDEFINED: Final = sa.delete(KEY_HOMES).where(among(KEY_HOMES))
_LOOKS_UP_NOTHING: Final = sa.delete(FILING_KEYS).where(among(FILING_KEYS))
_UNFILED: Final = sa.delete(FILING).where(among(FILING))
_LOOKING_UP: Final = (
    sa.select(FILING_KEYS.c.system, FILING_KEYS.c.object, FILING_KEYS.c.id)
    .where(is_one_of(FILING_KEYS.c.key, "keys"))
    .distinct()
)
_HELD: Final = sa.select(
    FILING_KEYS.c.system, FILING_KEYS.c.object, FILING_KEYS.c.id, FILING_KEYS.c.key
).where(FILING_KEYS.c.key.startswith(f"{KIND}:"))
_FIELDS: Final = sa.select(
    RECORDS.c.system, RECORDS.c.object, RECORDS.c.id, RECORDS.c.fields
).where(among(RECORDS), RECORDS.c.deleted == sa.false())
_KEY_HOMES: Final = (
    sa.select(KEY_HOMES.c.key, KEY_HOMES.c.home)
    .where(is_one_of(KEY_HOMES.c.key, "keys"))
    .order_by(KEY_HOMES.c.home)
)
_HOMES: Final = sa.select(
    FILING.c.system, FILING.c.object, FILING.c.id, FILING.c.home
).where(among(FILING))
_FACT: Final = sa.select(FACTS.c.value).where(FACTS.c.name == sa.bindparam("named"))
_LIVE: Final = sa.select(RECORDS.c.fields).where(
    of_object(RECORDS), RECORDS.c.deleted == sa.false()
)


class Clerk:
    """Files records, and files again whatever looked up a key that moved.

    ``touched`` gathers every home that gained, lost or changed a record.
    """

    def __init__(self, connection: sa.Connection, *, free_mail: frozenset[str]) -> None:
        """Works on one connection, in one transaction."""
        self._connection = connection
        self._free_mail = free_mail
        self._own_domains: frozenset[str] | None = None
        self._address_of: dict[str, str] | None = None
        self.touched: set[str] = set()

    def file(self, records: Iterable[Record]) -> None:
        """File records that moved, deleted ones included."""
        records = tuple(records)
        if any((r.ref.system, r.ref.object) == _USER for r in records):
            self._follow_users()
        self.remove([record.ref for record in records if record.deleted])
        live: dict[RecordRef, Keys] = {}
        for record in records:
            if record.deleted:
                continue
            keys = keys_of(_entity(record.ref, record.fields))
            if keys is not None:
                live[record.ref] = keys
        self._file(live)

    def remove(self, refs: Sequence[RecordRef]) -> None:
        """Take records out; what their keys held together is filed again."""
        homes = self._homes(refs).values()
        self.touched.update(home for home in homes if home != NOWHERE)
        moved: set[str] = set()
        for asked in asking_for(refs):
            moved.update(row.key for row in self._connection.execute(_DEFINED, asked))
            for statement in (_UNDEFINED, _LOOKS_UP_NOTHING, _UNFILED):
                self._connection.execute(statement, asked)
        self._follow(moved)

    def _file(self, keys_by_ref: dict[RecordRef, Keys]) -> None:
        """File lower levels first: a person's home must stand before a call's."""
        by_level: dict[int, dict[RecordRef, Keys]] = defaultdict(dict)
        for ref, keys in keys_by_ref.items():
            by_level[keys.level][ref] = keys
        for level in sorted(by_level):
            self._file_level(by_level[level])

    def _file_level(self, keys_by_ref: dict[RecordRef, Keys]) -> None:
        refs = list(keys_by_ref)
        before = self._homes(refs)
        filed = [ref for ref in refs if ref in before]
        homes_of = self._homes_of_keys(
            {key for keys in keys_by_ref.values() for key in keys.looks_up}
        )
        keys_by_ref = self._with_meetings(keys_by_ref, homes_of)
        self._write_keys(keys_by_ref, filed)
        rows = []
        homes: dict[RecordRef, str] = {}
        for ref, keys in keys_by_ref.items():
            home, why = choose_home(
                ref,
                keys,
                homes_of,
                own_domains=self._domains(),
                free_mail=self._free_mail,
            )
            homes[ref] = home
            rows.append({**msgspec.structs.asdict(ref), "home": home, "why": why})
            self.touched.update(h for h in (home, before.get(ref, home)) if h)
        upsert(self._connection, FILING, rows)
        self._follow(self._define(keys_by_ref, homes, filed))

    def _with_meetings(
        self, keys_by_ref: dict[RecordRef, Keys], homes_of: dict[str, list[str]]
    ) -> dict[RecordRef, Keys]:
        """With keys of meetings, and of Events that look for one; adds their homes."""
        if not any(keys.held for keys in keys_by_ref.values()):
            return keys_by_ref
        found = {
            ref: with_meeting(
                keys,
                homes_of,
                address_of=self._addresses(),
                own_domains=self._domains(),
                free_mail=self._free_mail,
            )
            for ref, keys in keys_by_ref.items()
        }
        homes_of |= self._homes_of_keys(
            {
                k
                for keys in found.values()
                for k, t in keys.looks_up.items()
                if t == HELD
            }
        )
        return found

    def _write_keys(
        self, keys_by_ref: dict[RecordRef, Keys], filed: Sequence[RecordRef]
    ) -> None:
        """Write what records look up; only those filed before have older keys."""
        for asked in asking_for(filed):
            self._connection.execute(_LOOKS_UP_NOTHING, asked)
        rows = [
            {**msgspec.structs.asdict(ref), "key": key, "tier": tier}
            for ref, keys in keys_by_ref.items()
            for key, tier in keys.looks_up.items()
        ]
        upsert(self._connection, FILING_KEYS, rows)

    def _define(
        self,
        keys_by_ref: dict[RecordRef, Keys],
        homes: dict[RecordRef, str],
        filed: Sequence[RecordRef],
    ) -> set[str]:
        """Write the keys that records define; those whose home is new or gone."""
        known: dict[RecordRef, dict[str, str]] = defaultdict(dict)
        for asked in asking_for(filed):
            for row in self._connection.execute(_DEFINED, asked):
                ref = RecordRef(row.system, row.object, row.id)
                known[ref][row.key] = row.home
        rows: list[dict[str, str]] = []
        outdated: list[RecordRef] = []
        moved: set[str] = set()
        for ref, keys in keys_by_ref.items():
            wanted = dict.fromkeys(keys.defines, homes[ref])
            had = known.get(ref, {})
            if had == wanted:
                continue
            if had:
                outdated.append(ref)
            named = msgspec.structs.asdict(ref)
            rows += [{"key": key, **named, "home": homes[ref]} for key in wanted]
            moved.update(k for k in {*had, *wanted} if had.get(k) != wanted.get(k))
        for asked in asking_for(outdated):
            self._connection.execute(_UNDEFINED, asked)
        upsert(self._connection, KEY_HOMES, rows)
        return moved

    def _follow(self, moved: set[str]) -> None:
        """File again every record that looks up one of these keys."""
        refs: set[RecordRef] = set()
        for some in chunks(sorted(moved)):
            rows = self._connection.execute(_LOOKING_UP, {"keys": some})
            refs.update(RecordRef(*row) for row in rows)
        if refs:
            self._file(self._stored_keys(refs))

    def _follow_users(self) -> None:
        """File again what domains and addresses of ours decide, when they move.

        Both are kept, so that no page has to read all users.
        """
        users = _users(self._connection)
        old, new = filed_domains(self._connection), own_domains(users, self._free_mail)
        known, addresses = self._addresses(), addresses_of(users)
        if old == new and known == addresses:
            return
        facts = {_FILED_WITH: sorted(new), _ADDRESSES: addresses}
        kept = [{"name": n, "value": json.dumps(value)} for n, value in facts.items()]
        upsert(self._connection, FACTS, kept)
        self._own_domains, self._address_of = new, addresses
        refs: set[RecordRef] = set()
        for table in (FILING_KEYS, KEY_HOMES):
            for domain in sorted(old ^ new):
                query = sa.select(table.c.system, table.c.object, table.c.id).where(
                    table.c.key.endswith(f"@{domain}", autoescape=True)
                )
                refs.update(RecordRef(*row) for row in self._connection.execute(query))
        moved = {known.get(one, one) for one, _ in known.items() ^ addresses.items()}
        if moved:
            rows = self._connection.execute(_HELD)
            refs.update(RecordRef(*row) for *row, key in rows if whose(key) in moved)
        self._file(self._stored_keys(refs))

    def _stored_keys(self, refs: Collection[RecordRef]) -> dict[RecordRef, Keys]:
        found: dict[RecordRef, Keys] = {}
        for asked in asking_for(refs):
            for row in self._connection.execute(_FIELDS, asked).all():
                ref = RecordRef(row.system, row.object, row.id)
                keys = keys_of(_entity(ref, row.fields))
                if keys is not None:
                    found[ref] = keys
        return found

    def _homes_of_keys(self, keys: set[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for some in chunks(sorted(keys)):
            for key, home in self._connection.execute(_KEY_HOMES, {"keys": some}):
                found[key].append(home)
        return found

    def _homes(self, refs: Collection[RecordRef]) -> dict[RecordRef, str]:
        return {
            RecordRef(row.system, row.object, row.id): row.home
            for asked in asking_for(refs)
            for row in self._connection.execute(_HOMES, asked)
        }

    def _domains(self) -> frozenset[str]:
        """Our own e-mail domains, as the active users' addresses show them."""
        if self._own_domains is None:
            self._own_domains = filed_domains(self._connection)
        return self._own_domains

    def _addresses(self) -> dict[str, str]:
        """Addresses of our own people by user id, as the present filing takes them."""
        if self._address_of is None:
            body = self._connection.scalar(_FACT, {"named": _ADDRESSES})
            self._address_of = json.loads(body or "{}")
        return self._address_of


def filed_domains(connection: sa.Connection) -> frozenset[str]:
    """Our own e-mail domains as the present filing takes them."""
    body = connection.scalar(_FACT, {"named": _FILED_WITH})
    return frozenset(json.loads(body or "[]"))


def _users(connection: sa.Connection) -> list[User]:
    bodies = connection.scalars(_LIVE, {"of_system": _USER[0], "of_object": _USER[1]})
    return [msgspec.json.decode(body, type=User) for body in bodies]


def own_domains(users: Iterable[User], free_mail: frozenset[str]) -> frozenset[str]:
    """Domains of active standard Salesforce users, free mail left out."""
    domains = {
        domain_of(user.email)
        for user in users
        if user.is_active and user.user_type == "Standard"
    }
    return frozenset(domains - free_mail - {""})


def addresses_of(users: Iterable[User]) -> dict[str, str]:
    """Lower-case addresses by user id, those who left included."""
    return {user.id: user.email.casefold() for user in users if user.email}


def _entity(ref: RecordRef, fields: bytes | str) -> Entity:
    return msgspec.json.decode(fields, type=ENTITY_TYPES[(ref.system, ref.object)])
