"""Proofs: equal numbers settle a span in one call, unequal ones find the month."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncd.errors import RetryableError
from syncd.mapping.load import load_mappings
from syncd.model.policy import Policy
from syncd.model.record import RawRecord, RecordRef
from syncd.pipeline.prove import ProofInputs, prove
from syncd.ports.connector import FieldInfo, OrgIdentity, Span
from syncd.store import Store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Org:
    """Accounts by id and the day they were made; counts what it is asked."""

    made: dict[str, datetime]
    counts: bool = True
    broken: bool = False
    system: str = "salesforce"
    counted: list[Span] = field(default_factory=list)
    listed: list[Span] = field(default_factory=list)

    def identity(self) -> OrgIdentity:
        """Its clock is ours."""
        return OrgIdentity(org_id="00D", server_at=NOW)

    def provable(self) -> tuple[str, ...]:
        """One object is enough."""
        return ("Account",)

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """Every mapped field is there."""
        return None

    def count(self, span: Span) -> int | None:
        """What is there now."""
        self.counted.append(span)
        if self.broken:
            raise RetryableError(system=self.system, code="down")
        if not self.counts:
            return None
        return sum(span.has(at) for at in self.made.values())

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """One page."""
        self.listed.append(span)
        yield {key: at for key, at in self.made.items() if span.has(at)}

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """A record as it is made, or None."""
        return {ref: self._raw(ref) if ref.id in self.made else None for ref in refs}

    def _raw(self, ref: RecordRef) -> RawRecord:
        at = self.made[ref.id]
        return RawRecord(
            ref=ref,
            version=at.isoformat(),
            valid_from=at,
            created_at=at,
            fields={"Name": ref.id},
        )


@pytest.fixture
def proved(store: Store) -> Any:
    """``proved(org, now=…, **more)``: the only proof, or none."""

    def run(org: Org, *, now: datetime = NOW, **more: Any) -> Any:
        inputs = ProofInputs(
            mirror=store.mirror,
            mappings=load_mappings(None),
            policy=Policy(),
            now=lambda: now,
            read_until={org.system: now},
            **more,
        )
        return next(iter(prove({org.system: org}, inputs)), None)  # type: ignore[dict-item]

    return run


def _org(**more: Any) -> Org:
    days = (datetime(2026, month, 10, tzinfo=UTC) for month in (1, 2, 2))
    return Org({f"001{n:015}": day for n, day in enumerate(days)}, **more)


def test_the_first_proof_compares_every_record(proved: Any, store: Store) -> None:
    """A mirror of unknown worth is read against the whole."""
    org = _org()
    proof = proved(org)
    assert (proof.missing, proof.thorough) == (3, True)
    assert store.mirror.live_counts() == {("salesforce", "Account"): 3}
    assert store.mirror.proofs() == [proof]


def test_equal_numbers_cost_one_call(proved: Any) -> None:
    """Nothing is listed when the count fits."""
    org = _org()
    proved(org)
    org.counted.clear()
    org.listed.clear()
    proof = proved(org)
    assert (len(org.counted), org.listed, proof.repaired) == (1, [], 0)


def test_only_the_month_that_differs_is_listed(proved: Any) -> None:
    """A missing record of February costs February."""
    org = _org()
    proved(org)
    org.listed.clear()
    org.made["001000000000000009"] = datetime(2026, 2, 20, tzinfo=UTC)
    proof = proved(org)
    months = [(span.start, span.end) for span in org.listed]
    assert months == [
        (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    ]
    assert proof.missing == 1


def test_spans_by_month_cover_the_whole_without_overlap(proved: Any) -> None:
    """Every instant up to the proof's end is counted in exactly one piece."""
    org = _org()
    proved(org)
    org.made["001000000000000009"] = datetime(2019, 7, 31, tzinfo=UTC)
    org.counted.clear()
    assert proved(org).missing == 1
    _, *pieces = org.counted
    assert pieces[0].start is None
    assert [a.end for a in pieces[:-1]] == [b.start for b in pieces[1:]]
    assert pieces[-1].end == NOW - timedelta(minutes=15)


def test_one_more_and_one_less_are_found_within_a_week(proved: Any) -> None:
    """Equal numbers can hide a swap; the weekly comparison of versions cannot."""
    org = _org()
    proved(org)
    del org.made[next(iter(org.made))]
    org.made["001000000000000009"] = datetime(2026, 1, 10, tzinfo=UTC)
    assert proved(org).repaired == 0
    proof = proved(org, now=NOW + timedelta(days=7))
    assert (proof.missing, proof.gone, proof.thorough) == (1, 1, True)


def test_a_system_without_count_is_always_listed(proved: Any) -> None:
    """A number that cannot be trusted is not asked twice."""
    org = _org(counts=False)
    proved(org)
    proof = proved(org)
    assert (len(org.listed), proof.repaired) == (2, 0)


def test_a_newer_version_than_the_proof_speaks_of_is_left_to_the_poll(
    proved: Any,
) -> None:
    """What moved a minute ago is no fault."""
    org = _org()
    proved(org)
    first = next(iter(org.made))
    moved = {first: NOW - timedelta(minutes=1)}
    org.versions = lambda span: iter([{**org.made, **moved}])  # type: ignore[method-assign]
    assert proved(org, thorough=True).stale == 0
    moved[first] = NOW - timedelta(minutes=20)
    assert proved(org, thorough=True).stale == 1


def test_a_system_that_is_down_is_left_for_the_next_time(
    proved: Any, store: Store
) -> None:
    """No proof, no repair, no error; the last proof stands."""
    org = _org()
    proof = proved(org)
    org.broken = True
    assert proved(org) is None
    assert store.mirror.proofs() == [proof]
