"""Looks one home up as rules see it: shared by explain, account and opportunity."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from syncd.errors import Problem, UsageError
from syncd.model.entities import ENTITY_TYPES, Entity
from syncd.model.policy import Policy
from syncd.model.record import RecordRef, link_to
from syncd.model.rule import RuleSpec
from syncd.model.view import AccountView, OrgContext
from syncd.pipeline.judge import Judged, judge
from syncd.pipeline.membership import seen_writes, with_our_past
from syncd.ports.ledger import Ledger
from syncd.ports.mirror import Mirror

_SLASHES_OF_FULL_NAME: Final = 2


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A record as people are shown it: where it is, its name, and its address."""

    system: str
    object: str
    id: str
    name: str = ""
    url: str = ""


class Looker:
    """Finds records, judges their homes and names them; reads the mirror only."""

    def __init__(
        self,
        *,
        mirror: Mirror,
        ledger: Ledger,
        org: OrgContext,
        policy: Policy,
        rules: Mapping[str, RuleSpec],
        now: datetime,
    ) -> None:
        """Everything is judged as of ``now`` with this policy in this org."""
        self._mirror = mirror
        self._ledger = ledger
        self._policy = policy
        self._rules = tuple(rules.values())
        self._now = now
        self.org = org
        self._shown: dict[RecordRef, Shown] = {}

    def find(self, given: str) -> Sequence[RecordRef]:
        """Every record with this id; ``system/object/id`` names exactly one.

        Raises:
            UsageError: There is none in the mirror.
        """
        refs = self._mirror.find(given)
        if not refs and given.count("/") >= _SLASHES_OF_FULL_NAME:
            bare = given.split("/", _SLASHES_OF_FULL_NAME)[-1]
            refs = [ref for ref in self._mirror.find(bare) if str(ref) == given]
        if refs:
            return refs
        raise UsageError(
            Problem(
                where=given,
                what="no record, finding or change has this id",
                remedy="check the id; run `syncd sync` if it is new",
            )
        )

    def the_one(self, given: str) -> RecordRef:
        """The record with this id.

        Raises:
            UsageError: There is none, or it is the id of several.
        """
        refs = self.find(given)
        if len(refs) == 1:
            return refs[0]
        names = ", ".join(str(ref) for ref in refs)
        raise UsageError(
            Problem(
                where=given,
                what="is the id of several records",
                remedy=f"give one of {names}",
            )
        )

    def judged(self, home: str) -> Judged:
        """One home, judged as a reconcile would."""
        since = self._now - timedelta(days=self._policy.defaults.history_days)
        seen = seen_writes(self._mirror.polls())
        for batch in self._mirror.load([home], since=since):
            for records in with_our_past(batch, self._ledger, seen=seen):
                return judge(
                    records,
                    org=self.org,
                    policy=self._policy,
                    rules=self._rules,
                    now=self._now,
                )
        raise UsageError(
            Problem(where=home, what="is not a home", remedy="run `syncd sync`")
        )

    def home_of(self, ref: RecordRef) -> tuple[str, str]:
        """Where a record is judged, and why there; empty when it never is."""
        return self._mirror.home_of(ref) or ("", "it is not judged with any account")

    def entity(self, ref: RecordRef) -> Entity | None:
        """The record's canonical fields; None when it is unknown or deleted."""
        record = self._mirror.get(ref)
        kind = ENTITY_TYPES.get((ref.system, ref.object))
        if record is None or record.deleted or kind is None:
            return None
        return msgspec.json.decode(record.fields, type=kind)

    def shown(self, ref: RecordRef) -> Shown:
        """The record with its name and address: its own, else by the system's form."""
        if ref not in self._shown:
            entity = self.entity(ref)
            self._shown[ref] = Shown(
                system=ref.system,
                object=ref.object,
                id=ref.id,
                name=name_of(entity) if entity else "",
                url=getattr(entity, "url", None) or link_to(ref, self.org.links),
            )
        return self._shown[ref]


def name_of(entity: Entity) -> str:
    """What people call it: a name, a subject or a title; empty for the nameless."""
    for attribute in ("name", "subject", "title", "label", "number"):
        value = getattr(entity, attribute, None)
        if isinstance(value, str) and value:
            return value
    return ""


def interactions_of(view: AccountView, opportunity_id: str) -> Iterator[str]:
    """Keys of the interactions that are associated with this opportunity."""
    for key, association in view.associations.items():
        if association.target is not None and association.target.id == opportunity_id:
            yield key
