"""What planning has to know of our own roles, and what it remembers of both sides."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from syncd.membership.copied import are_copied, lags
from syncd.membership.people import prospect_role_key, role_key
from syncd.model.membership import Base
from syncd.model.outcome import PollOutcome
from syncd.model.plan import effect_key
from syncd.model.record import RecordRef
from syncd.model.view import HomeRecords, OrgContext
from syncd.pipeline.judge import Judged
from syncd.pipeline.poll import FactMirror
from syncd.ports.ledger import Ledger

_PROSPECT_ROLE: Final = "opportunityProspectRole"
_SYSTEMS: Final = {"OpportunityContactRole": "salesforce", _PROSPECT_ROLE: "outreach"}
_COPIED: Final = "roles_are_copied"
_MANY: Final = 1_000


def knowing_the_plug_in(org: OrgContext, mirror: FactMirror) -> OrgContext:
    """The org with whether Outreach's plug-in was seen to copy roles here."""
    return replace(org, roles_are_copied=bool(mirror.facts().get(_COPIED, False)))


def with_our_past(
    batch: Iterable[HomeRecords], ledger: Ledger, *, seen: Mapping[str, int]
) -> Iterator[HomeRecords]:
    """Homes with what the ledger knows of their roles.

    Which of the doubled ones in Outreach we made; and which are gone by no person's
    doing: an undo took them off, or we made them after the last poll. ``seen`` is the
    last write that each system's last poll came after.
    """
    homes = list(batch)
    doubled = {one.home: _doubled(one) for one in homes}
    gone = {one.home: _gone(one) for one in homes}
    ids = sorted({role_id for some in doubled.values() for role_id in some})
    made = ledger.made("outreach", _PROSPECT_ROLE, ids) if ids else ()
    undone = _undone({key for some in gone.values() for key in some}, ledger, seen)
    for one in homes:
        ours = doubled[one.home].intersection(made)
        refs = (RecordRef("outreach", _PROSPECT_ROLE, role_id) for role_id in ours)
        taken_off = gone[one.home] & undone
        known = replace(one, made=frozenset(refs), undone=frozenset(taken_off))
        yield known if ours or taken_off else one


def seen_writes(polls: Mapping[str, PollOutcome]) -> dict[str, int]:
    """The last write, by its sequence, that each system's last poll came after."""
    return {system: poll.after_write for system, poll in polls.items()}


def _undone(keys: Collection[str], ledger: Ledger, seen: Mapping[str, int]) -> set[str]:
    """Natural keys of the roles that are gone by an undo, or not polled yet."""
    effects = {_effect(key): key for key in sorted(keys)}
    past = ledger.past(list(effects)) if effects else {}
    found = set()
    for effect, writes in past.items():
        # Of unknown outcome: it may be this very write that took the role off.
        written = [write for write in writes if write.state != "refused"]
        polled = seen.get(effect.split("|")[0], 0)
        if written and (written[-1].takes_back or written[-1].sequence > polled):
            found.add(effects[effect])
    return found


def _effect(natural_key: str) -> str:
    name, *_ = natural_key.split("|")
    return effect_key(_SYSTEMS[name], name, natural_key, {})


def _gone(records: HomeRecords) -> set[str]:
    """Natural keys of the roles that were seen once and are not there now."""
    there = {role_key(r.opportunity_id, r.contact_id) for r in records.roles}
    there |= {
        prospect_role_key(r.opportunity_id, r.prospect_id)
        for r in records.prospect_roles
    }
    seen = {role_key(r.opportunity_id, r.contact_id) for r in records.removed_roles}
    for base in records.bases.values():
        seen |= {role_key(base.opportunity_id, one) for one in base.salesforce}
        seen |= {prospect_role_key(base.twin_id, p) for p in base.outreach.values()}
    return seen - there


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
    _moves: list[tuple[Base, Base | None]] = field(default_factory=list)
    _lags: list[tuple[str, timedelta]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """A listing that is not believed says nothing about who is on a deal."""
        doubted = {doubt.object for doubt in self.mirror.doubts()}
        self._believes = doubted.isdisjoint(_SYSTEMS)

    def see(self, judged: Judged) -> None:
        """Take in one home."""
        if not self._believes:
            return
        before = judged.view.records.bases
        self._moves += [(one, before.get(one.opportunity_id)) for one in judged.bases]
        if len(self._moves) >= _MANY:
            self._save()
        if not self.org.roles_are_copied:
            self._lags += lags(judged.view)

    def close(self) -> None:
        """Save what is left."""
        self._save()
        ids = sorted({role_id for role_id, lag in self._lags if lag <= self.settle})
        ours = self.ledger.made("outreach", _PROSPECT_ROLE, ids)
        if are_copied(self._lags, ours=ours, within=self.settle):
            self.mirror.save_fact(_COPIED, value=True)

    def _save(self) -> None:
        self.mirror.move_bases(self._moves)
        self._moves = []
