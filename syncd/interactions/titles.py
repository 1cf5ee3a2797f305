"""Whether two titles name the same thing."""

import re
from collections.abc import Iterable
from typing import Final

from rapidfuzz import fuzz

from syncd.interactions.cluster import Cluster

_ALIKE: Final = 80
_EQUAL: Final = 90
_TO_DO: Final = re.compile(
    r"\W*(follow|prep|send|schedule|book|confirm|remind|reschedule|draft|update|create|"
    r"set up|share|review|call back|ask|check whether|write)",
    re.IGNORECASE,
)


def titles_of(cluster: Cluster) -> list[str]:
    """Titles and subjects that other systems gave it."""
    found = [
        *(m.title for m in cluster.meetings),
        *(e.subject for e in cluster.engagements),
        *(m.subject for m in cluster.mailings),
    ]
    return [title for title in found if title]


def alike(titles: Iterable[str], subject: str) -> bool:
    """Whether a subject has the words of one of the titles, in any order.

    What tools put before or behind a title does not matter.
    """
    wanted = subject.casefold()
    return bool(wanted) and any(
        fuzz.token_set_ratio(title.casefold(), wanted) >= _ALIKE for title in titles
    )


def equal(titles: Iterable[str], subject: str) -> bool:
    """Whether a subject is one of the titles, a letter or the words' order aside."""
    wanted = subject.casefold()
    return bool(wanted) and any(
        fuzz.token_sort_ratio(title.casefold(), wanted) >= _EQUAL for title in titles
    )


def is_to_do(titles: Iterable[str], subject: str) -> bool:
    """Whether a subject sets something to do that no title does: ``Follow up on …``."""
    if not _TO_DO.match(subject):
        return False
    return not any(_TO_DO.match(title) for title in titles)
