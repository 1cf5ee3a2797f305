"""The smallest fact that would flip an association, found and played through.

Facts are guessed from the evidence, the least weighty first, and each guess is played
through before it is told: what is told has been seen to flip it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from syncd.association.facts import replay
from syncd.association.ground import Ground
from syncd.association.weights import Weights
from syncd.model.association import (
    CLOSED_TODAY,
    Association,
    Candidate,
    Decision,
    Fact,
    FactKind,
    Feature,
    Flip,
)
from syncd.model.interaction import STRONG_KEYS, Interaction
from syncd.model.policy import AssociationPolicy
from syncd.model.record import RecordRef

_ROLES: Final = frozenset({"roles", "primary"})
_OWNERS: Final = frozenset({"owner_hosts", "owner_attends", "later_owner"})
_HINTS: Final = frozenset({"chorus_hint", "outreach_hint"})
_WORDS: Final = frozenset(
    {
        "name",
        "kind_fits",
        "step_fits",
        "account_named",
        "note_name",
        "note_kind_fits",
    }
)
_LINKS: Final = frozenset(
    f"{name}{by}" for name in ("series", "thread", "habit") for by in ("", "_by_tools")
) | {"attendance", "colleague_history"}


@dataclass(frozen=True, kw_only=True)
class _Guess:
    """Facts that may flip it, and how a person is told what they are about."""

    facts: tuple[Fact, ...]
    about: str
    settles: bool


@dataclass(frozen=True, kw_only=True)
class LazyFlips(Mapping[str, Flip]):
    """Flips of one view's associations, each worked out when it is asked for."""

    ground: Ground
    policy: AssociationPolicy
    associations: Mapping[str, Association]
    weights: Weights | None = None
    _found: dict[str, Flip | None] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Flip:
        if key not in self._found:
            association = self.associations[key]
            self._found[key] = smallest_flip(
                self.ground, association, self.policy, self.weights
            )
        flip = self._found[key]
        if flip is None:
            raise KeyError(key)
        return flip

    def __iter__(self) -> Iterator[str]:
        return (key for key in self.associations if self.get(key) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def smallest_flip(
    ground: Ground,
    association: Association,
    policy: AssociationPolicy,
    weights: Weights | None = None,
) -> Flip | None:
    """The smallest facts that would change decision or target; None if none would.

    An answer that was refused outright (private, nobody known) hangs on nothing that
    could be played through.
    """
    live = [c for c in association.candidates if not c.vetoes]
    if not live:
        return None
    key = association.interaction_key
    [interaction] = (one for one in ground.view.interactions if one.key == key)
    for guess in _guesses(ground, interaction, association, live):
        about_links = any(f.kind is FactKind.LINK_ABSENT for f in guess.facts)
        then = replay(
            ground.view,
            key,
            guess.facts,
            policy,
            weights=weights,
            links=None if about_links else ground.links,
        )
        if (then.decision, then.target) != (association.decision, association.target):
            return Flip(
                facts=guess.facts,
                decision=then.decision,
                target=then.target,
                says=_sentence(guess, association, then),
            )
    return None


def _guesses(
    ground: Ground,
    interaction: Interaction,
    association: Association,
    live: Sequence[Candidate],
) -> Iterable[_Guess]:
    up = list(_that_settle(ground, interaction, association, live))
    down = list(_that_unsettle(live[0]))
    if association.decision is Decision.APPLY:
        return chain(down, _all_of(down), _last(live[0]))
    if association.decision is Decision.PROPOSE:
        return chain(up, _all_of(up), down, _all_of(down), _last(live[0]))
    return chain(up, _all_of(up))


def _that_unsettle(top: Candidate) -> Iterator[_Guess]:
    """What speaks for the best candidate, the least weighty first."""
    groups: dict[FactKind, list[Feature]] = {}
    for feature in top.features:
        kind = _kind_of(feature.name)
        if kind is not None and feature.weight > 0:
            groups.setdefault(kind, []).append(feature)
    ordered = sorted(
        groups.items(), key=lambda item: (sum(f.weight for f in item[1]), item[0])
    )
    for kind, features in ordered:
        fact = _negated(kind, features)
        if fact is not None:
            says = max(features, key=lambda f: (f.weight, f.name)).says
            yield _Guess(facts=(fact,), about=says, settles=False)


def _kind_of(name: str) -> FactKind | None:
    for names, kind in (
        (_ROLES, FactKind.ROLE_REMOVED),
        (_OWNERS, FactKind.OWNER_ABSENT),
        (_HINTS, FactKind.HINT_ABSENT),
        (_LINKS, FactKind.LINK_ABSENT),
        (_WORDS | {"case_number", "support"}, FactKind.WORD_ABSENT),
    ):
        if name in names:
            return kind
    return None


def _negated(kind: FactKind, features: Sequence[Feature]) -> Fact | None:
    """The opposite of what these features rest on."""
    if kind is FactKind.WORD_ABSENT:
        words = tuple(sorted({w for f in features for w in f.words}))
        return Fact(kind=kind, words=words) if words else None
    refs = tuple(sorted({ref for f in features for ref in f.refs}))
    return Fact(kind=kind, refs=refs) if refs else None


def _that_settle(
    ground: Ground,
    interaction: Interaction,
    association: Association,
    live: Sequence[Candidate],
) -> Iterator[_Guess]:
    """What would make the best candidate certain, or at least likely."""
    top = live[0]
    name = top.name or top.target.id
    if association.held_back == CLOSED_TODAY:
        fact = Fact(kind=FactKind.STILL_OPEN, refs=(top.target,))
        yield _Guess(facts=(fact,), about=f"{name} were still open", settles=True)
    weak = [p for p in interaction.external if p.matched_by not in STRONG_KEYS]
    refs = tuple(_contact(c) for p in weak for c in p.contact_ids)
    if refs and not any(
        p.matched_by in STRONG_KEYS and p.contact_ids for p in interaction.external
    ):
        fact = Fact(kind=FactKind.PERSON_KNOWN, refs=refs)
        about = "those who took part were known by their own address"
        yield _Guess(facts=(fact,), about=about, settles=True)
    if top.target.object == "Case":
        fact = Fact(kind=FactKind.NUMBER_NAMED, refs=(top.target,))
        yield _Guess(facts=(fact,), about="the case's number were named", settles=True)
    else:
        yield from _for_deal(ground, interaction, top, name)
    rivals = [c for c in live[1:] if c.target.object in {"Opportunity", "Case"}]
    for rival in rivals[:2]:
        fact = Fact(kind=FactKind.RIVAL_ABSENT, refs=(rival.target,))
        about = f"{rival.name or rival.target.id} were not there"
        yield _Guess(facts=(fact,), about=about, settles=True)
    if len(rivals) > 1:
        fact = Fact(kind=FactKind.RIVAL_ABSENT, refs=tuple(r.target for r in rivals))
        yield _Guess(facts=(fact,), about="it were the only candidate", settles=True)


def _for_deal(
    ground: Ground, interaction: Interaction, top: Candidate, name: str
) -> Iterator[_Guess]:
    deal = ground.deals[top.target.id]
    for person in interaction.external:
        contact_id = person.contact_id
        if contact_id is None or person.matched_by not in STRONG_KEYS:
            continue
        if contact_id not in deal.stands:
            fact = Fact(
                kind=FactKind.ROLE_ADDED, refs=(top.target, _contact(contact_id))
            )
            who = person.name or contact_id
            about = f"{who} had a contact role on {name}"
            yield _Guess(facts=(fact,), about=about, settles=True)
    owner = deal.past.owner_at(interaction.starts_at)
    there = {person.user_id for person in interaction.participants}
    if owner is not None and owner not in there:
        user = RecordRef("salesforce", "User", owner)
        fact = Fact(kind=FactKind.OWNER_PRESENT, refs=(user,))
        about = f"the owner of {name} had taken part"
        yield _Guess(facts=(fact,), about=about, settles=True)


def _contact(contact_id: str) -> RecordRef:
    return RecordRef("salesforce", "Contact", contact_id)


def _all_of(guesses: Sequence[_Guess]) -> Iterator[_Guess]:
    """More and more of them together, the weightiest first where they unsettle."""
    ordered = list(guesses) if guesses and guesses[0].settles else list(guesses)[::-1]
    for count in range(2, len(ordered) + 1):
        some = ordered[:count]
        facts = _once(fact for guess in some for fact in guess.facts)
        about = "; ".join(guess.about for guess in some)
        yield _Guess(facts=facts, about=about, settles=some[0].settles)


def _once(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Each fact once; a rival that goes with all the others goes once."""
    found: list[Fact] = []
    for fact in facts:
        if fact not in found:
            found.append(fact)
    return tuple(found)


def _last(top: Candidate) -> Iterator[_Guess]:
    fact = Fact(kind=FactKind.CHOSEN_ABSENT, refs=(top.target,))
    about = f"{top.name or top.target.id} is there at all"
    yield _Guess(facts=(fact,), about=about, settles=False)


def _sentence(guess: _Guess, now: Association, then: Association) -> str:
    outcome = {
        Decision.APPLY: "it would be certain",
        Decision.PROPOSE: "it would be proposed",
        Decision.ABSTAIN: "nothing would be proposed",
    }[then.decision]
    if then.target is not None and now.target not in {None, then.target}:
        named = {c.target: c.name for c in then.candidates}
        outcome += f" for {named.get(then.target) or then.target.id} instead"
    elif now.decision is Decision.APPLY and then.decision is Decision.PROPOSE:
        outcome = "it would only be proposed"
    if guess.settles:
        return f"If {guess.about}, {outcome}."
    return f"If this were not so, {outcome}: {guess.about}."
