"""What an associator says of an activity, and what that is worth beside the label."""

from collections.abc import Mapping
from typing import Final

import msgspec

from syncd.model.association import CLOSED_TODAY, Association, Decision
from syncd.model.policy import AssociationPolicy

COST_OF_WRONG_ACCOUNT: Final = 10.0
COST_OF_WRONG_TARGET: Final = 3.0
COST_OF_MISSED: Final = 1.0
COST_OF_QUEUED: Final = 0.2


class Target(msgspec.Struct, frozen=True, order=True):
    """An opportunity or case, and the account that it lies under today."""

    id: str
    account_id: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one associator says of one activity.

    Attributes:
        links: Links that it makes by itself; several where it relates to "all".
        proposed: What it asks a person about instead.
        likeliest: Its first candidate, whatever it does about it.
        probability: Of ``likeliest``; None when it states no probabilities.
        because_open_then: The link was held back only because its deal has closed
            since, and counts as made.
    """

    links: tuple[Target, ...] = ()
    proposed: Target | None = None
    likeliest: Target | None = None
    probability: float | None = None
    because_open_then: bool = False


NO_ANSWER: Final = Answer(probability=0.0)
"""There is no interaction, or no candidate: nothing is linked, surely."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled activity with every associator's answer.

    Attributes:
        block: Activities of one block are not independent of each other: the home.
        peoples_accounts: Accounts that somebody who took part belongs to.
        baselines: Answers by the baseline's name.
    """

    activity_id: str
    truth: Target | None
    block: str
    peoples_accounts: frozenset[str]
    slices: frozenset[str]
    answer: Answer
    baselines: Mapping[str, Answer]


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """One answer held against its label; all fields count.

    ``is_linked`` is 0 or 1; ``links`` may be more where an associator relates to
    several. A link is right, under a wrong account, or a wrong target: three ways.
    """

    is_linked: int = 0
    links: int = 0
    right: int = 0
    wrong_accounts: int = 0
    wrong_targets: int = 0
    queued: int = 0
    missed: int = 0

    @property
    def cost(self) -> float:
        """What the answer costs: a link on a wrong account is the worst."""
        return (
            COST_OF_WRONG_ACCOUNT * self.wrong_accounts
            + COST_OF_WRONG_TARGET * self.wrong_targets
            + COST_OF_MISSED * self.missed
            + COST_OF_QUEUED * self.queued
        )


_NOTHING_FITS: Final = Worth()
_MISSED: Final = Worth(missed=1)


def answer_of(association: Association | None, policy: AssociationPolicy) -> Answer:
    """What syncd would have done at the interaction.

    A link to a deal that is closed today is proposed, never made unattended; here it
    counts as made when nothing else holds it back, since at the interaction nothing
    would have.
    """
    if association is None:
        return NO_ANSWER
    live = [one for one in association.candidates if not one.vetoes]
    if not live:
        return NO_ANSWER
    first = Target(live[0].target.id, live[0].account_id)
    was_open = _held_back_by_closing(association, policy)
    is_linked = association.decision is Decision.APPLY or was_open
    is_proposed = association.decision is Decision.PROPOSE and not was_open
    return Answer(
        links=(first,) if is_linked else (),
        proposed=first if is_proposed else None,
        likeliest=first,
        probability=live[0].probability,
        because_open_then=was_open,
    )


def _held_back_by_closing(association: Association, policy: AssociationPolicy) -> bool:
    return (
        association.decision is Decision.PROPOSE
        and association.held_back == CLOSED_TODAY
        and association.probability >= policy.apply_at
        and association.margin >= policy.margin
    )


def worth_of(answer: Answer, truth: Target | None, accounts: frozenset[str]) -> Worth:
    """An answer beside the label; ``accounts`` are those of the people who took part.

    Without a link, a label that names a target is missed, unless the right one is
    proposed: then a person puts it right.
    """
    if not answer.links and answer.proposed is None:
        return _NOTHING_FITS if truth is None else _MISSED
    right = sum(link.id == truth.id for link in answer.links) if truth else 0
    foreign = sum(_is_foreign(link, truth, accounts) for link in answer.links)
    proposes_it = bool(answer.proposed and truth and answer.proposed.id == truth.id)
    return Worth(
        is_linked=int(bool(answer.links)),
        links=len(answer.links),
        right=right,
        wrong_accounts=foreign,
        wrong_targets=len(answer.links) - right - foreign,
        queued=int(answer.proposed is not None),
        missed=int(bool(truth) and not answer.links and not proposes_it),
    )


def _is_foreign(link: Target, truth: Target | None, accounts: frozenset[str]) -> bool:
    if truth is None:
        return link.account_id not in accounts
    return link.id != truth.id and link.account_id != truth.account_id


def is_right(answer: Answer, truth: Target | None) -> bool:
    """Whether an answer is exactly the label: this one link, or none for no target."""
    return {link.id for link in answer.links} == ({truth.id} if truth else set())
