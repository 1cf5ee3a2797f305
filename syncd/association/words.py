"""What titles and names say beyond their words: threads, numbers, jobs, kinds."""

import re
from functools import lru_cache
from typing import Final

from syncd.model.entities import Opportunity
from syncd.model.words import EXPANSION, NEW, RENEWAL, words

_NUMBER: Final = re.compile(r"\d{5,}")
_REPLY: Final = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|sv|tr)\s*:|\[[^\]]{1,24}\])\s*", re.IGNORECASE
)
_CARE: Final = re.compile(
    r"\b(csm|customer (success|care|experience)|client (success|services)|"
    r"account manager|support|onboarding|implementation|services)\b",
    re.IGNORECASE,
)
_OF_TYPE: Final = (
    (RENEWAL, re.compile(r"renew", re.IGNORECASE)),
    (
        EXPANSION,
        re.compile(
            r"add[- ]?on|expan|up[- ]?sell|upgrade|cross[- ]?sell|existing",
            re.IGNORECASE,
        ),
    ),
    (NEW, re.compile(r"\bnew\b|pilot|poc", re.IGNORECASE)),
)


@lru_cache(maxsize=16_384)
def numbers(text: str) -> frozenset[str]:
    """Numbers of five digits and more, without leading zeros."""
    return frozenset(n.lstrip("0") for n in _NUMBER.findall(text))


@lru_cache(maxsize=16_384)
def subject_of(title: str) -> str:
    """A title without marks of replies and tools, for telling threads apart.

    Empty where nothing telling is left: "Call" is no thread.
    """
    before = ""
    while before != title:
        before, title = title, _REPLY.sub("", title)
    return " ".join(title.casefold().split()) if words(title) else ""


@lru_cache(maxsize=1_024)
def is_care(job: str) -> bool:
    """Whether a job title is one of care after the sale."""
    return _CARE.search(job) is not None


def kind_of_deal(opportunity: Opportunity) -> str:
    """Renewal, add-on or new, by its type, else by its name; "" when neither says."""
    return _kind_in(opportunity.type or "") or _kind_in(opportunity.name)


@lru_cache(maxsize=16_384)
def _kind_in(text: str) -> str:
    return next((name for name, form in _OF_TYPE if form.search(text)), "")
