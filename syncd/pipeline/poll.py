"""Polls connectors into the mirror: pages translated, committed with their cursor."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from traceback import extract_tb
from typing import Any, Final, Protocol

import msgspec
import structlog

from syncd.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    CursorError,
    Problem,
    RemoteError,
)
from syncd.mapping.load import LoadedMappings, fit
from syncd.mapping.schema import ObjectMap
from syncd.mapping.translate import translate
from syncd.model.entities import ENTITY_TYPES, Meeting
from syncd.model.outcome import PollOutcome
from syncd.model.policy import Policy
from syncd.model.record import RecordRef
from syncd.pipeline.anew import follow_merges
from syncd.ports.connector import Connector, Page, ReadRequest, ReadsAhead
from syncd.ports.mirror import CommitResult, Mirror, MirrorPage

Progress = Callable[[str, str, int, int | None], None]

WINDOWED: Final = frozenset(
    {"Task", "Event", "call", "task", "mailing", "engagement", "OpportunityHistory"}
)
_LOG: Final = structlog.get_logger()
_STRANGE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an answer of a shape that nobody foresaw makes of a connector's code."""
_FACTS: Final = Lock()  # facts are read, added to and saved by connectors side by side


class FactMirror(Mirror, Protocol):
    """A mirror that also remembers facts about the org and how polls ended."""

    def polls(self) -> Mapping[str, PollOutcome]:
        """The last poll of each system."""
        ...

    def save_fact(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Remember one fact."""
        ...

    def save_facts(self, facts: Mapping[str, Any]) -> None:
        """Remember several at once."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Everything remembered."""
        ...


@dataclass(frozen=True, kw_only=True)
class PollInputs:
    """What every connector's poll needs.

    Attributes:
        settled_up_to: Sequence of the ledger up to which every write has an outcome.
        scopes: Calendars to read, by system; empty means all that are known.
        full: Read everything anew instead of what changed.
    """

    mirror: FactMirror
    mappings: LoadedMappings
    policy: Policy
    now: Callable[[], datetime]
    settled_up_to: Callable[[], int]
    scopes: Mapping[str, Sequence[str]]
    full: bool = False
    progress: Progress = lambda *_: None


def poll(
    connectors: Mapping[str, Connector], inputs: PollInputs
) -> tuple[PollOutcome, ...]:
    """Poll every connector; one that fails does not keep the others from it.

    Salesforce goes first, because its users say whose calendars there are and which
    e-mail domains are our own; the others follow side by side.
    """
    alone = len(connectors) == 1
    first = [name for name in connectors if alone or name == "salesforce"]
    rest = [name for name in connectors if name not in first]
    outcomes = [_poll_one(connectors[name], inputs) for name in first]
    if rest:
        with ThreadPoolExecutor(max_workers=len(rest)) as pool:
            futures = [pool.submit(_poll_one, connectors[n], inputs) for n in rest]
            outcomes += [future.result() for future in futures]
    return tuple(outcomes)


@dataclass(kw_only=True)
class _Tally:
    """What came; ``cursors`` are those of pages that brought nothing new."""

    records: int = 0
    changed: int = 0
    deleted: int = 0
    quarantined: int = 0
    read_until: datetime | None = None
    cursors: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def add(self, page: Page, bad: int, result: CommitResult) -> None:
        self._read(page)
        self.quarantined += bad
        self.changed += result.changed
        self.deleted += result.deleted
        if page.cursor is not None:
            self.cursors.pop((page.object, page.scope), None)

    def pass_by(self, page: Page) -> None:
        """Note where to go on; it is kept with the poll's end, in one commit for all.

        A poll that dies before asks for what came meanwhile, which was nothing.
        """
        self._read(page)
        if page.cursor is not None:
            self.cursors[(page.object, page.scope)] = page.cursor

    def _read(self, page: Page) -> None:
        self.records += len(page.records)
        if page.last and page.as_of is not None:
            self.read_until = min(self.read_until or page.as_of, page.as_of)


def _poll_one(connector: Connector, inputs: PollInputs) -> PollOutcome:
    began, after_write = inputs.now(), inputs.settled_up_to()
    tally = _Tally()
    notes: list[str] = []
    error: RemoteError | ConfigError | None = None
    try:
        ahead = connector if isinstance(connector, ReadsAhead) else None
        with _understanding(connector.system):
            if ahead is not None:
                ahead.refresh()
            maps = _fitted(connector, inputs)
            _remember(connector, inputs)
        requests = _requests(connector.system, maps, inputs)
        if ahead is not None:
            with _understanding(connector.system):
                ahead.read_ahead([one for some in requests.values() for one in some])
        for name, object_map in maps.items():
            asked = requests[name]
            notes += _read_object(connector, object_map, asked, inputs, tally, maps)
    except (RemoteError, ConfigError) as caught:
        error = caught
    as_of, read_until = (
        (began, tally.read_until or began)
        if error is None
        else _last_complete(connector.system, inputs)
    )
    outcome = PollOutcome(
        system=connector.system,
        complete=error is None,
        as_of=as_of,
        after_write=after_write,
        read_until=read_until,
        records=tally.records,
        changed=tally.changed,
        deleted=tally.deleted,
        quarantined=tally.quarantined,
        duration_s=(inputs.now() - began).total_seconds(),
        error="" if error is None else str(error),
        needs_credentials=isinstance(error, AuthError),
        needs_configuration=isinstance(error, ConfigError),
        notes=tuple(notes),
    )
    inputs.mirror.save_poll(outcome, cursors=tally.cursors)
    _LOG.info(
        "poll.ended",
        connector=outcome.system,
        complete=outcome.complete,
        records=outcome.records,
        changed=outcome.changed,
        error=outcome.error,
    )
    return outcome


def _last_complete(
    system: str, inputs: PollInputs
) -> tuple[datetime | None, datetime | None]:
    """Our instant of the last complete poll, and the system's up to which it read."""
    before = inputs.mirror.polls().get(system)
    return (before.as_of, before.read_until) if before else (None, None)


@contextmanager
def _understanding(system: str) -> Iterator[None]:
    """Let an answer that a connector stumbles over stop that connector alone.

    Raises:
        ConnectorError: It names the place in the code, never the content.
    """
    try:
        yield
    except _STRANGE as error:
        last = extract_tb(error.__traceback__)[-1]
        at = f"{Path(last.filename).name}:{last.lineno}"
        raise ConnectorError(
            system=system,
            code="not_understood",
            detail=f"{type(error).__name__} at {at}",
        ) from error


def _fitted(connector: Connector, inputs: PollInputs) -> dict[str, ObjectMap]:
    """Every object's map as far as the org has the fields.

    Raises:
        ConfigError: A required field is missing or hidden.
    """
    maps: dict[str, ObjectMap] = {}
    unmapped: list[str] = []
    problems: list[Problem] = []
    for name in connector.objects():
        object_map = inputs.mappings.objects[(connector.system, name)]
        fields = connector.describe(name)
        if fields is None:
            maps[name] = object_map
            continue
        fitted = fit(object_map, fields)
        maps[name] = fitted.object_map
        there = {row.canonical for row in fitted.object_map.rows}
        missing = [r.canonical for r in object_map.rows if r.canonical not in there]
        unmapped += [f"{connector.system}.{name}.{one}" for one in missing]
        problems += fitted.problems
    inputs.mirror.note_unmapped(connector.system, unmapped)
    if problems:
        raise ConfigError(problems)
    return maps


def _remember(connector: Connector, inputs: PollInputs) -> None:
    """Whose data this is, how it is read, and where people can look at it."""
    identity = connector.identity()
    system = connector.system
    additions = {
        "orgs": {system: identity.org_id},
        "our_users": {system: identity.user_id},
        "links": _link_templates(connector),
    }
    with _FACTS:
        facts = inputs.mirror.facts()
        found: dict[str, Any] = {
            name: facts.get(name, {}) | added for name, added in additions.items()
        }
        found["configured"] = sorted({*facts.get("configured", ()), system})
        found["values"] = msgspec.to_builtins(inputs.mappings.values)
        inputs.mirror.save_facts(
            {name: one for name, one in found.items() if facts.get(name) != one}
        )


def _link_templates(connector: Connector) -> dict[str, str]:
    """Addresses for people, by ``system.object``, with ``{id}`` left open."""
    templates = {}
    for name in connector.objects():
        shown = connector.link(RecordRef(connector.system, name, "{id}"))
        templates[f"{connector.system}.{name}"] = shown
    return templates


def _read_object(
    connector: Connector,
    object_map: ObjectMap,
    requests: Sequence[ReadRequest],
    inputs: PollInputs,
    tally: _Tally,
    maps: Mapping[str, ObjectMap],
) -> Iterator[str]:
    """Read one object, every scope of it; yields notes about skipped scopes.

    ``maps`` are those of all objects that this connector reads.
    """
    system, name = connector.system, object_map.object
    if not requests:
        yield f"{name}: nobody's calendar is known yet"
    for request in requests:
        done, pass_id = 0, None  # of the listing that a page began
        for page in _pages(connector, request):
            if page.skipped_scope:
                yield f"{page.scope}: {page.skipped_scope}"
                continue
            if _brings_nothing(page):
                tally.pass_by(page)
                inputs.progress(system, name, done, page.total)
                continue
            records, bad = translate(page.records, object_map)
            with _understanding(system):
                follow_merges(
                    connector, records, maps, mirror=inputs.mirror, now=inputs.now
                )
            taken = MirrorPage(
                system=system,
                object=name,
                scope=page.scope,
                records=records,
                quarantined=(*page.quarantined, *bad),
                cursor=page.cursor,
                last=page.last,
                snapshot=page.snapshot,
                starts_snapshot=page.starts_snapshot,
                as_of=page.as_of,
                pass_id=None if page.starts_snapshot else pass_id,
            )
            if request.cursor and inputs.mirror.says_nothing_new(taken):
                tally.pass_by(page)
            else:
                result = inputs.mirror.commit(taken, now=inputs.now())
                pass_id = result.pass_id if page.starts_snapshot else pass_id
                tally.add(page, len(taken.quarantined), result)
            done += len(page.records)
            inputs.progress(system, name, done, page.total)


def _brings_nothing(page: Page) -> bool:
    """Whether a page only says where to go on; an empty listing says what is gone."""
    is_listing = page.snapshot or page.starts_snapshot
    return not (page.records or page.quarantined or is_listing)


def _scopes(system: str, name: str, inputs: PollInputs) -> Sequence[str]:
    """Whose calendars to read: those named, else all active standard users'.

    Objects that are not kept per person have the one scope ``""``.
    """
    if ENTITY_TYPES[(system, name)] is not Meeting:
        return ("",)
    return inputs.scopes.get(system, ()) or sorted(
        {
            user.email
            for user in inputs.mirror.users()
            if user.is_active and user.user_type == "Standard" and user.email
        }
    )


def _requests(
    system: str, maps: Mapping[str, ObjectMap], inputs: PollInputs
) -> dict[str, list[ReadRequest]]:
    """What to read of each object, a request for each scope."""
    cursors = {} if inputs.full else inputs.mirror.cursors(system)
    since = inputs.now() - timedelta(days=inputs.policy.defaults.history_days)
    return {
        name: [
            ReadRequest(
                object=name,
                fields=object_map.remote_fields(),
                cursor=cursors.get((name, scope)),
                full=inputs.full,
                since=since if name in WINDOWED else None,
                scopes=(scope,) if scope else (),
            )
            for scope in _scopes(system, name, inputs)
        ]
        for name, object_map in maps.items()
    }


def _pages(connector: Connector, request: ReadRequest) -> Iterator[Page]:
    """Pages since the stored cursor; a dead cursor is answered by reading anew."""
    with _understanding(connector.system):
        try:
            yield from connector.read(request)
        except CursorError:
            if request.cursor is None:
                raise
            yield from connector.read(
                msgspec.structs.replace(request, cursor=None, full=True)
            )
