"""Reads records anew that no poll would bring, and files them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from syncd.mapping.schema import ObjectMap
from syncd.mapping.translate import translate
from syncd.model.record import RawRecord, Record, RecordRef
from syncd.ports.connector import Connector
from syncd.ports.mirror import Mirror, MirrorPage

_AT_ONCE: Final = 500


def read_anew(
    connector: Connector,
    object_map: ObjectMap,
    ids: Iterable[str],
    *,
    mirror: Mirror,
    now: Callable[[], datetime],
) -> set[str]:
    """Read these records of one object and file them; the ids of those that are gone.

    Raises:
        RemoteError: They could not be read; some may be filed already.
    """
    absent: set[str] = set()
    refs = [RecordRef(object_map.system, object_map.object, one) for one in sorted(ids)]
    for start in range(0, len(refs), _AT_ONCE):
        some = refs[start : start + _AT_ONCE]
        found = connector.fetch(some, object_map.remote_fields())
        absent |= {ref.id for ref, record in found.items() if record is None}
        raw = [
            record or RawRecord(ref=ref, version="", deleted=True)
            for ref, record in found.items()
        ]
        records, bad = translate(raw, object_map)
        page = MirrorPage(
            system=object_map.system,
            object=object_map.object,
            records=records,
            quarantined=bad,
        )
        mirror.commit(page, now=now())
    return absent


def follow_merges(
    connector: Connector,
    records: Sequence[Record],
    maps: Mapping[str, ObjectMap],
    *,
    mirror: Mirror,
    now: Callable[[], datetime],
) -> None:
    """Read anew what named one of these records that were merged into another.

    A merge lets it name the survivor. Whether that moves its stamp is not documented
    (Salesforce object reference, MasterRecordId), so no poll need bring it. Called
    before the merge itself is stored, so that a poll that is killed does it again.

    Raises:
        RemoteError: It could not be read.
    """
    merged = [
        record.ref.id
        for record in records
        if record.deleted and record.fields != b"{}" and _is_news(mirror, record)
    ]
    naming: dict[str, set[str]] = defaultdict(set)
    for ref in mirror.naming(merged) if merged else ():
        naming[ref.object].add(ref.id)
    for name in sorted(naming.keys() & maps.keys()):
        read_anew(connector, maps[name], naming[name], mirror=mirror, now=now)


def _is_news(mirror: Mirror, record: Record) -> bool:
    """Whether the mirror does not know of this merge, though maybe of a delete.

    A proof sees that a record is gone, and not where it went.
    """
    known = mirror.get(record.ref)
    return known is not None and (not known.deleted or known.fields != record.fields)
