"""What titles and texts say: telling words, and the kind of talk they announce.

A text is judged while it is read and not kept. What is kept of its words are sixteen
bits each: too few to tell which word it was, enough to ask whether a deal's name is
among them.
"""

import re
import zlib
from functools import lru_cache
from html import unescape
from typing import Final, NamedTuple

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
_NOT_SAID: Final = re.compile(r"<[^>]*>|https?://\S+|\S+@\S+")
"""Mark-up, links and addresses, whose parts nobody said."""
_READ: Final = 20_000
_KEPT: Final = 128
_PRINT: Final = re.compile(r"[0-9a-f]{4}")
_PRINT_SIZE: Final = 4
_DENIED_WITHIN: Final = 80
"""How far before a word its denial may begin; without a bound long texts cost dear."""
CARE: Final = "care"


def fold(word: str) -> str:
    """A word without the plural that titles use as they like."""
    return word[:-1] if len(word) > 4 and word.endswith("s") else word  # noqa: PLR2004 - shorter words end in s by nature


_GENERIC_FOLDED: Final = _GENERIC | {fold(word) for word in _GENERIC}


@lru_cache(maxsize=16_384)
def words(text: str) -> frozenset[str]:
    """Telling words of a name or title: lower-case, generic ones left out."""
    return frozenset(words_in(text))


def words_in(text: str) -> list[str]:
    """Telling words of any text in their order, as often as they are said."""
    return [
        folded
        for word in _WORD.findall(text.casefold())
        if len(word) >= _SHORTEST and (folded := fold(word)) not in _GENERIC_FOLDED
    ]


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
                if not _is_denied(title, found.start())
            }
        )
    )


def _is_denied(text: str, at: int) -> bool:
    return _DENIED.search(text, max(0, at - _DENIED_WITHIN), at) is not None


def talk_kinds(text: str) -> list[str]:
    """Everything that a text speaks of: kinds of deals, and care; sorted."""
    said = _plain(text)
    found = {name for name, form in _KINDS if _matches(form, said)}
    if _matches(_CARE_TALK, said):
        found.add(CARE)
    return sorted(found)


def prints_of(text: str) -> str:
    """Prints of a text's telling words, each once, one after the other.

    The first 128 words of the first 20,000 letters: what a text is about stands at its
    beginning, and more words would make a chance hit likely.
    """
    said = words_in(_plain(text))
    found = dict.fromkeys(print_of(word) for word in said)
    return "".join(sorted(list(found)[:_KEPT]))


def split_prints(prints: str) -> frozenset[str]:
    """The prints that were put together."""
    return frozenset(_PRINT.findall(prints))


def has_print(prints: str, one: str) -> bool:
    """Whether a print is among those that were put together."""
    at = prints.find(one)
    while at > 0 and at % _PRINT_SIZE:
        at = prints.find(one, at + 1)
    return at >= 0


@lru_cache(maxsize=16_384)
def print_of(word: str) -> str:
    """Sixteen bits of a telling word, as four hexadecimal digits."""
    return f"{zlib.crc32(word.encode()) & 0xFFFF:04x}"


def _plain(text: str) -> str:
    return _NOT_SAID.sub(" ", unescape(text[:_READ]))
