"""What planning has to know of our own roles, and what it remembers of both sides."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from syncd.membership.copied import are_copied, lags
from syncd.model.membership import Base
from syncd.model.record import RecordRef
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.model.view import HomeRecords, OrgContext
from syncd.pipeline.judge import Judged
from syncd.pipeline.poll import FactMirror
from syncd.ports.stores import Ledger

_ROLES: Final = frozenset({"OpportunityContactRole", "opportunityProspectRole"})
_COPIED: Final = "roles_are_copied"
_MANY: Final = 1_000


def with_our_roles(
    org: OrgContext, *, mirror: FactMirror, stones: Iterable[Tombstone]
) -> OrgContext:
    """The org with what was undone, and whether a plug-in copies roles here."""
    undone = frozenset(
        stone.what
        for stone in stones
        if stone.kind is TombstoneKind.UNDONE and stone.object in _ROLES
    )
    copied = bool(mirror.facts().get(_COPIED, False))
    return replace(org, undone=undone, roles_are_copied=copied)


def with_made(batch: Iterable[HomeRecords], ledger: Ledger) -> Iterator[HomeRecords]:
    """Homes with those of their doubled prospect roles that we made."""
    homes = list(batch)
    doubled = {one.home: _doubled(one) for one in homes}
    ids = sorted({role_id for some in doubled.values() for role_id in some})
    made = ledger.made("outreach", "opportunityProspectRole", ids) if ids else ()
    for one in homes:
        ours = doubled[one.home].intersection(made)
        refs = (RecordRef("outreach", "opportunityProspectRole", i) for i in ours)
        yield replace(one, made=frozenset(refs)) if ours else one


def _doubled(records: HomeRecords) -> set[str]:
    pairs = Counter((r.opportunity_id, r.prospect_id) for r in records.prospect_roles)
    return {
        role.id
        for role in records.prospect_roles
        if pairs[(role.opportunity_id, role.prospect_id)] > 1
    }


@dataclass(kw_only=True)
class Witness:
    """Keeps what judged homes show of both sides.

    Attributes:
        settle: How soon after a contact role Outreach's plug-in has copied it.
    """

    mirror: FactMirror
    ledger: Ledger
    org: OrgContext
    settle: timedelta
    _bases: list[Base] = field(default_factory=list)
    _lags: list[tuple[str, timedelta]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """A listing that is not believed says nothing about who is on a deal."""
        doubted = {doubt.object for doubt in self.mirror.doubts()}
        self._believes = doubted.isdisjoint(_ROLES)

    def see(self, judged: Judged) -> None:
        """Take in one home."""
        if not self._believes:
            return
        self._bases += judged.bases
        if len(self._bases) >= _MANY:
            self._save()
        if not self.org.roles_are_copied:
            self._lags += lags(judged.view)

    def close(self) -> None:
        """Save what is left."""
        self._save()
        ids = sorted({role_id for role_id, lag in self._lags if lag <= self.settle})
        ours = self.ledger.made("outreach", "opportunityProspectRole", ids)
        if are_copied(self._lags, ours=ours, within=self.settle):
            self.mirror.save_fact(_COPIED, value=True)

    def _save(self) -> None:
        self.mirror.move_bases(self._bases)
        self._bases = []
