"""People's names as they are compared."""

import re
import unicodedata
from typing import Final

_ADDITION: Final = re.compile(r"\s*[(|\[].*|\s[-–—]\s.*")  # noqa: RUF001 - people type every dash
_WORD: Final = re.compile(r"[^\W_]+")
_PARTED: Final = re.compile(r"[._-]+")


def fold_name(name: str) -> str:
    """A name without case, accents, punctuation and what stands behind it.

    ``LEE, Ann (Acme)`` and ``Ann Lee`` are one name; the order of words counts.
    """
    plain = _ADDITION.sub("", name)
    last, comma, first = plain.partition(",")
    turned = f"{first} {last}" if comma else plain
    parts = unicodedata.normalize("NFKD", turned)
    letters = "".join(c for c in parts if not unicodedata.combining(c))
    return " ".join(_WORD.findall(letters.casefold()))


def name_of_mailbox(email: str) -> str:
    """The name that an address spells out: ``ann.lee@…`` → ``ann lee``; else empty."""
    words = [w for w in _PARTED.split(email.rpartition("@")[0].partition("+")[0]) if w]
    return " ".join(words) if len(words) > 1 else ""
