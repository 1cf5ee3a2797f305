"""Subject lines against a list of allowed ones: equal, nearly, or something else."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

_DASHES: Final = re.compile(r"[\u2010-\u2015\u2212-]")
_SPACES: Final = re.compile(r"\s+")
_NUMBER: Final = re.compile(r"\d+")
_SUFFIX: Final = re.compile(r"\s*\([^)]*\)$")
_PLACE: Final = "{n}"
_ALIKE: Final = 90
_AHEAD: Final = 5
_SHORTEST: Final = 6


def fold(text: str) -> str:
    """Letter case, accents, runs of space and kinds of dash aside."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return _SPACES.sub(" ", _DASHES.sub(" ", bare)).strip(" .:;")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a subject line was meant to be.

    Attributes:
        pattern: The allowed pattern; None when no single one is meant.
        number: What stands for ``{n}``; None without one or when it is missing.
        why: How the pattern was recognised.
    """

    pattern: str | None = None
    number: int | None = None
    why: str = ""

    @property
    def lacks_number(self) -> bool:
        """Whether the pattern wants a number that the subject does not have."""
        return (
            self.pattern is not None and _PLACE in self.pattern and self.number is None
        )

    def subject(self, number: int | None = None) -> str:
        """The subject line as it should read."""
        wanted = self.number if number is None else number
        return (self.pattern or "").replace(_PLACE, str(wanted))


def is_allowed(subject: str, allowed: Sequence[str]) -> bool:
    """Whether a subject is literally one of the allowed ones."""
    return any(_exact(pattern).fullmatch(subject) for pattern in allowed)


def _exact(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(re.escape(_PLACE), r"[1-9]\d*"))


def read(subject: str, allowed: Sequence[str]) -> Reading:
    """What a subject was meant to be, when that is beyond doubt.

    Folding decides first, then a forgotten number or closing bracket, and last a
    near miss with exactly one allowed line.
    """
    folded = fold(subject)
    for shape, why in (
        (fold, "but for letter case or spacing"),
        (_unnumbered, "but for its number"),
        (_unclosed, "but for its closing bracket"),
    ):
        hits = [p for p in allowed if _fits(folded, shape(p))]
        if len(hits) == 1:
            return Reading(pattern=hits[0], number=_number(hits[0], folded), why=why)
    return _nearest(folded, allowed)


def _unnumbered(pattern: str) -> str:
    return fold(pattern.replace(_PLACE, "")) if _PLACE in pattern else "\0"


def _unclosed(pattern: str) -> str:
    return fold(_SUFFIX.sub("", pattern))


def _fits(folded: str, shape: str) -> bool:
    form = re.escape(shape).replace(re.escape(_PLACE), r"[1-9]\d*")
    return re.fullmatch(form, folded) is not None


def _number(pattern: str, folded: str) -> int | None:
    if _PLACE not in pattern:
        return None
    found = _NUMBER.findall(folded)
    return int(found[0]) if len(found) == 1 and int(found[0]) > 0 else None


def _nearest(folded: str, allowed: Sequence[str]) -> Reading:
    if len(folded) < _SHORTEST:
        return Reading()
    masked = _NUMBER.sub("#", folded)
    scores = sorted(
        ((fuzz.ratio(masked, fold(p).replace(_PLACE, "#")), p) for p in allowed),
        key=lambda pair: (-pair[0], pair[1]),
    )
    if not scores or scores[0][0] < _ALIKE:
        return Reading()
    if len(scores) > 1 and scores[0][0] - scores[1][0] < _AHEAD:
        return Reading()
    pattern = scores[0][1]
    return Reading(
        pattern=pattern, number=_number(pattern, folded), why="but for its spelling"
    )
