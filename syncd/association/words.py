"""What titles and names say: telling words, and the kind of talk they announce."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from syncd.model.entities import Opportunity

_WORD: Final = re.compile(r"[^\W_]+")
_GENERIC: Final = frozenset(
    _WORD.findall(
        "the and with for from our your via per call calls calling meeting meetings "
        "sync weekly biweekly monthly quarterly daily demo intro introduction initial "
        "first check checkin catch chat quick touch base follow followup iqm trial "
        "quote opportunity opp deal new business existing customer renewal renewals "
        "renew add addon addons expansion expand upsell upgrade cross sell account "
        "inc ltd llc gmbh corp company group review discussion talk session update "
        "discovery kickoff onboarding outreach email outbound inbound zoom teams "
        "meet re fwd fw aw wg call1 next steps step project call2 qbr",
    )
)
_SHORTEST: Final = 2
_NUMBER: Final = re.compile(r"\d{5,}")
_REPLY: Final = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|sv|tr)\s*:|\[[^\]]{1,24}\])\s*", re.IGNORECASE
)
RENEWAL: Final = "renewal"
EXPANSION: Final = "add-on"
NEW: Final = "new"
_KINDS: Final = (
    (
        RENEWAL,
        re.compile(
            r"\b(renew\w*|contract extension|extension of (the )?contract)\b",
            re.IGNORECASE,
        ),
    ),
    (
        EXPANSION,
        re.compile(
            r"\b(add[- ]?ons?|up[- ]?sells?|expan\w+|(more|additional|extra) "
            r"(seats|licen[cs]es|users)|upgrades?|cross[- ]?sell)\b",
            re.IGNORECASE,
        ),
    ),
    (
        NEW,
        re.compile(
            r"\b(initial call|iqm|trial|discovery|intro(duction|ductory)?( call)?|"
            r"first call|qualification|new (business|logo|customer)|pilot|poc|"
            r"proof of concept)\b",
            re.IGNORECASE,
        ),
    ),
)
_SUPPORT: Final = re.compile(
    r"\b((?<!business )(?<!use )case(?! stud)|ticket|bug|incident|outage|support|"
    r"troubleshoot(ing)?|escalation)\b",
    re.IGNORECASE,
)
_CARE_TALK: Final = re.compile(
    r"\b(health check|user group|training|onboarding|webinar|adoption|"
    r"business review|qbr|ebr|feedback|success plan|roadmap|go[- ]?live|"
    r"office hours|how[- ]?to|admin session|enablement)\b",
    re.IGNORECASE,
)
_EARLY: Final = re.compile(
    r"\b(initial|iqm|discovery|intro\w*|first call|qualification|overview|demo)\b",
    re.IGNORECASE,
)
_LATE: Final = re.compile(
    r"\b(quote|contract|negotiat\w+|legal|procurement|redlines?|pricing|signature|"
    r"order form|msa|security review|commercials?|closing)\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(
    r"\b(not|no|non|never|without|instead of|rather than|except)\W+(?:\w+\W+){0,2}$",
    re.IGNORECASE,
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


def fold(word: str) -> str:
    """A word without the plural that titles use as they like."""
    return word[:-1] if len(word) > 4 and word.endswith("s") else word  # noqa: PLR2004 - shorter words end in s by nature


_GENERIC_FOLDED: Final = _GENERIC | {fold(word) for word in _GENERIC}


@lru_cache(maxsize=16_384)
def words(text: str) -> frozenset[str]:
    """Telling words of a name or title: lower-case, generic ones left out."""
    return frozenset(
        folded
        for word in _WORD.findall(text.casefold())
        if len(word) >= _SHORTEST and (folded := fold(word)) not in _GENERIC_FOLDED
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


class Talk(NamedTuple):
    """What a title announces, with the words that do.

    Attributes:
        kind: The kind of deal it speaks of, or "".
        of_kind: The words that say so.
        of_trouble: Words of a problem.
        of_care: Words of care after the sale.
        of_start: Words of the beginning of a sale.
        of_end: Words of its end.
    """

    kind: str = ""
    of_kind: tuple[str, ...] = ()
    of_trouble: tuple[str, ...] = ()
    of_care: tuple[str, ...] = ()
    of_start: tuple[str, ...] = ()
    of_end: tuple[str, ...] = ()


@lru_cache(maxsize=16_384)
def talk_of(title: str) -> Talk:
    """What a title announces."""
    kind = ""
    told: tuple[str, ...] = ()
    for name, form in _KINDS:
        told = _matches(form, title)
        if told:
            kind = name
            break
    return Talk(
        kind=kind,
        of_kind=told,
        of_trouble=_matches(_SUPPORT, title),
        of_care=_matches(_CARE_TALK, title),
        of_start=_matches(_EARLY, title),
        of_end=_matches(_LATE, title),
    )


def _matches(form: re.Pattern[str], title: str) -> tuple[str, ...]:
    """What matches, unless the words before deny it."""
    return tuple(
        sorted(
            {
                found.group(0)
                for found in form.finditer(title)
                if not _DENIED.search(title, 0, found.start())
            }
        )
    )


@lru_cache(maxsize=1_024)
def is_care(job: str) -> bool:
    """Whether a job title is one of care after the sale."""
    return _CARE.search(job) is not None


def kind_of_deal(opportunity: Opportunity) -> str:
    """Renewal, add-on or new, by its type, else by its name; "" when neither says."""
    for text in (opportunity.type, opportunity.name):
        for name, form in _OF_TYPE:
            if text and form.search(text):
                return name
    return ""
