"""Figures of one associator on one set of labels."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from syncd.evaluate.answers import Answer, Judged, Worth, worth_of
from syncd.evaluate.calibration import Scored, bins, expected_error

Choose = Callable[[Judged], Answer]
"""Whose answer is looked at."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What an associator did with labelled activities.

    A share is None where nothing can be divided by.

    Attributes:
        n: Labels.
        targets: Labels that name an opportunity or case.
        linked: Activities that were linked; ``abstained`` are all others, of which
            ``queued`` are proposed to a person.
        links: Links made; more than ``linked`` where one activity gets several.
        coverage: ``linked / targets``.
        precision: Right links of all links.
        recall: Right links of all targets.
        likeliest_right: Share of labels that the first candidate is right on: it is
            the label's target, or there is none and nothing was linked.
        wrong_account_rate: Links under another account, of all links.
        ece: Expected calibration error; None where no probability is stated.
        cost: Per label: 10 a link under a wrong account, 3 another wrong link, 1 a
            target that was missed, 0.2 a question to a person.
    """

    n: int
    targets: int
    linked: int
    links: int
    right: int
    wrong_accounts: int
    queued: int
    missed: int
    abstained: int
    coverage: float | None
    precision: float | None
    recall: float | None
    likeliest_right: float | None
    wrong_account_rate: float | None
    ece: float | None
    cost: float | None


def figures_of(judged: Sequence[Judged], choose: Choose) -> Figures:
    """Figures of the answers that ``choose`` picks."""
    worths = worths_of(judged, choose)
    targets = sum(one.truth is not None for one in judged)
    linked = sum(worth.is_linked for worth in worths)
    links = sum(worth.links for worth in worths)
    right = sum(worth.right for worth in worths)
    foreign = sum(worth.wrong_accounts for worth in worths)
    firsts = sum(first_is_right(one, choose(one)) for one in judged)
    return Figures(
        n=len(judged),
        targets=targets,
        linked=linked,
        links=links,
        right=right,
        wrong_accounts=foreign,
        queued=sum(worth.queued for worth in worths),
        missed=sum(worth.missed for worth in worths),
        abstained=len(judged) - linked,
        coverage=share(linked, targets),
        precision=share(right, links),
        recall=share(right, targets),
        likeliest_right=share(firsts, len(judged)),
        wrong_account_rate=share(foreign, links),
        ece=expected_error(bins(scored_of(judged, choose))),
        cost=share(sum(worth.cost for worth in worths), len(judged)),
    )


def worths_of(judged: Iterable[Judged], choose: Choose) -> list[Worth]:
    """What each answer is worth, in the order given."""
    return [worth_of(choose(one), one.truth, one.peoples_accounts) for one in judged]


def scored_of(judged: Iterable[Judged], choose: Choose) -> list[Scored]:
    """Probability of each first candidate, and whether it is the label's.

    Without any candidate it is 0, and not right.
    """
    found = []
    for one in judged:
        answer = choose(one)
        if answer.probability is not None:
            first = answer.likeliest
            is_it = bool(first and one.truth and first.id == one.truth.id)
            found.append((answer.probability, is_it))
    return found


def first_is_right(one: Judged, answer: Answer) -> bool:
    """Whether the first candidate is the label's, or rightly nothing was linked."""
    if one.truth is None:
        return not answer.links
    return answer.likeliest is not None and answer.likeliest.id == one.truth.id


def share(part: float, whole: float) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole else None
