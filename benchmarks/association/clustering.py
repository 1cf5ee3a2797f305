"""How well records are put together: pairs of records that are and should be one."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pairwise:
    """Counts of pairs of records; every pair within one interaction is one.

    Attributes:
        right: Pairs put together that belong together.
        found: Pairs put together.
        true: Pairs that belong together.
    """

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the pairs put together that belong together; 1 without any."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs that belong together that were put together."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def pairwise(truth: Mapping[str, Hashable], found: Mapping[str, Hashable]) -> Pairwise:
    """Compare two partitions of records over the records that both know.

    Args:
        truth: The interaction of each record, by any name of it.
        found: The interaction in which each record was put, by the same name.
    """
    both = truth.keys() & found.keys()
    return Pairwise(
        right=_pairs((truth[one], found[one]) for one in both),
        found=_pairs(found[one] for one in both),
        true=_pairs(truth[one] for one in both),
    )


def merges_across(
    found: Mapping[str, Hashable], accounts: Mapping[str, frozenset[str]]
) -> list[Hashable]:
    """Found interactions with two records that have no account in common, sorted.

    Args:
        found: The interaction in which each record was put.
        accounts: Accounts of the people whom each record's true interaction has;
            records of interactions without any are left out.
    """
    members: dict[Hashable, list[frozenset[str]]] = defaultdict(list)
    for one, cluster in found.items():
        if accounts.get(one):
            members[cluster].append(accounts[one])
    return sorted(
        (
            cluster
            for cluster, some in members.items()
            if any(not a & b for a in set(some) for b in set(some))
        ),
        key=str,
    )


def _pairs(parts: Iterable[Hashable]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(parts).values())
