"""Proves that the mirror has everything of a span of time, or repairs it and says so.

Polls follow what changed. A row that became visible behind the cursor, a change that
moved no stamp, a delete that left no trace are not among the changes, however careful
the cursor is: only counting and comparing shows them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from syncd.errors import RemoteError
from syncd.mapping.load import LoadedMappings, fit
from syncd.mapping.schema import ObjectMap
from syncd.model.policy import Policy
from syncd.pipeline.anew import read_anew
from syncd.pipeline.poll import WINDOWED, FactMirror, Progress
from syncd.ports.connector import ProvableConnector, Span
from syncd.ports.mirror import Proof

_LOG: Final = structlog.get_logger()
_SETTLED: Final = timedelta(minutes=15)  # longer than a poll's overlap
_THOROUGH_EVERY: Final = timedelta(days=7)
_DOUBT_FROM: Final = 20


@dataclass(frozen=True, kw_only=True)
class ProofInputs:
    """What a proof needs.

    Attributes:
        read_until: By system, its own instant up to which its last poll read it,
            where that was complete; a system without one is not proved.
        thorough: Compare every version now, also where it was done this week.
    """

    mirror: FactMirror
    mappings: LoadedMappings
    policy: Policy
    now: Callable[[], datetime]
    read_until: Mapping[str, datetime]
    thorough: bool = False
    progress: Progress = lambda *_: None


def prove(
    connectors: Mapping[str, ProvableConnector], inputs: ProofInputs
) -> tuple[Proof, ...]:
    """Hold the mirror against the services; what it had wrong is read and filed.

    Equal numbers prove a span in one call, where the system can count; once a week,
    and where it cannot, every id and version is compared. A system that fails is left
    for the next time; the proofs of its earlier objects stand.
    """
    proofs: list[Proof] = []
    for system, connector in connectors.items():
        read_until = inputs.read_until.get(system)
        if read_until is None:
            continue
        try:
            until = (read_until - _SETTLED).replace(microsecond=0)
            for name in connector.provable():
                proof = _Object(connector, name, inputs, until).prove()
                inputs.mirror.save_proof(proof)
                proofs.append(proof)
                _say(proof)
                inputs.progress(system, name, 1, 1)
        except RemoteError as error:
            _LOG.warning("proof.incomplete", connector=system, error=str(error))
    return tuple(proofs)


def _say(proof: Proof) -> None:
    log = _LOG.warning if proof.repaired or proof.doubted else _LOG.info
    log(
        "proof.ended",
        connector=proof.system,
        object=proof.object,
        thorough=proof.thorough,
        missing=proof.missing,
        stale=proof.stale,
        gone=proof.gone,
        doubted=proof.doubted,
    )


class _Object:
    """One object of one system."""

    def __init__(
        self,
        connector: ProvableConnector,
        name: str,
        inputs: ProofInputs,
        until: datetime,
    ) -> None:
        self._connector = connector
        self._name = name
        self._inputs = inputs
        self._until = until
        history = timedelta(days=inputs.policy.defaults.history_days)
        self._start = until - history if name in WINDOWED else None
        self._missing: set[str] = set()
        self._stale: set[str] = set()
        self._gone: set[str] = set()
        self._known = 0

    def prove(self) -> Proof:
        """Compare and repair."""
        now = self._inputs.now()
        thorough = self._inputs.thorough or self._is_due(now)
        for span in self._spans(thorough=thorough):
            self._compare(span)
        doubted = self._doubt()
        if doubted:
            self._gone.clear()
        absent = self._repair(self._missing | self._stale | self._gone)
        proof = Proof(
            system=self._connector.system,
            object=self._name,
            proved_at=now,
            until=self._until,
            thorough=thorough,
            missing=len(self._missing - absent),
            stale=len(self._stale - absent),
            gone=len(self._gone & absent),
            doubted=doubted,
        )
        self._remember_thorough(proof)
        return proof

    @property
    def _fact(self) -> str:
        return f"thoroughly_proved:{self._connector.system}.{self._name}"

    def _is_due(self, now: datetime) -> bool:
        found = self._inputs.mirror.facts().get(self._fact)
        return found is None or now - datetime.fromisoformat(found) >= _THOROUGH_EVERY

    def _remember_thorough(self, proof: Proof) -> None:
        if proof.thorough:
            self._inputs.mirror.save_fact(self._fact, proof.proved_at.isoformat())

    def _spans(self, *, thorough: bool) -> Iterator[Span]:
        """Spans whose records must be compared one by one."""
        whole = Span(object=self._name, start=self._start, end=self._until)
        ours = self._months()
        theirs = None if thorough else self._connector.count(whole)
        if theirs is None:
            yield whole
            return
        if theirs == sum(ours.values()):
            return
        for span, month in _by_month(whole, ours):
            if self._connector.count(span) != ours.get(month, 0):
                yield span

    def _months(self) -> Mapping[str, int]:
        return self._inputs.mirror.months(
            self._connector.system, self._name, start=self._start, end=self._until
        )

    def _compare(self, span: Span) -> None:
        ours = self._inputs.mirror.versions(
            self._connector.system, self._name, start=span.start, end=span.end
        )
        self._known += len(ours)
        left = set(ours)
        for page in self._connector.versions(span):
            for record_id, at in page.items():
                left.discard(record_id)
                if record_id not in ours:
                    self._missing.add(record_id)
                elif self._is_newer(at, ours[record_id]):
                    self._stale.add(record_id)
        self._gone |= left

    def _is_newer(self, theirs: datetime, ours: datetime | None) -> bool:
        """Whether a version should have been read by now; later ones come by poll."""
        return theirs < self._until and (ours is None or ours < theirs)

    def _doubt(self) -> str:
        """A listing that has lost more than half of what was known deletes nothing."""
        if self._known < _DOUBT_FROM or 2 * len(self._gone) <= self._known:
            return ""
        return f"{len(self._gone)} of {self._known} records were not listed"

    def _repair(self, ids: Iterable[str]) -> set[str]:
        """Read these records anew and file them; the ids of those that are gone."""
        return read_anew(
            self._connector,
            self._object_map(),
            ids,
            mirror=self._inputs.mirror,
            now=self._inputs.now,
        )

    def _object_map(self) -> ObjectMap:
        """The mapping, as far as the org has its fields."""
        mapped = self._inputs.mappings.objects[(self._connector.system, self._name)]
        fields = self._connector.describe(self._name)
        return mapped if fields is None else fit(mapped, fields).object_map


def _by_month(whole: Span, months: Mapping[str, int]) -> Iterator[tuple[Span, str]]:
    """The span cut at months' beginnings; what lies before the first one is a piece."""
    first = min((name for name in months if name), default="")
    if not first:
        yield whole, ""
        return
    start = datetime.fromisoformat(f"{first}-01T00:00:00+00:00")
    if whole.start is None or whole.start < start:
        yield Span(object=whole.object, start=whole.start, end=start), ""
    else:
        start = whole.start
    while start < whole.end:
        end = min(_next_month(start), whole.end)
        yield Span(object=whole.object, start=start, end=end), f"{start:%Y-%m}"
        start = end


def _next_month(instant: datetime) -> datetime:
    year, month = divmod(instant.year * 12 + instant.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
