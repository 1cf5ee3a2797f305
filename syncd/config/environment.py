"""SYNCD_… variables that cannot override what they seem to mean to."""

import difflib
import json
import os
from collections.abc import Iterator
from typing import Final

from syncd.config.names import is_list, known_keys, nearest
from syncd.errors import Problem

PREFIX: Final = "SYNCD_"
_MISSPELT: Final = 0.8  # likeness; SYNCD_ also begins variables that are not ours


def unreadable_variables() -> Iterator[Problem]:
    """Variables that name a whole section, or hold no JSON where a list belongs."""
    for variable, section, key in _ours():
        if not key and set(known_keys([section])):
            yield Problem(
                where=f"${variable}",
                what="names a whole section",
                remedy=f"name a key of it: {variable}__KEY",
            )
        elif is_list(section, key) and not _holds_a_list(os.environ[variable]):
            yield Problem(
                where=f"${variable}",
                what="is not a list",
                remedy='write it as JSON: \'["a", "b"]\'',
            )


def unknown_variables() -> Iterator[Problem]:
    """Variables that override nothing: a key of a section, or a near miss of one."""
    top = set(known_keys([]))
    for variable, section, key in _ours():
        known = set(known_keys([section]))
        if key and key not in known:
            advice = nearest(key, known) if known else "there is no such section"
            yield Problem(where=f"${variable}", what="unknown key", remedy=advice)
        elif not key and section not in top:
            close = difflib.get_close_matches(section, top, n=1, cutoff=_MISSPELT)
            if close:
                advice = f"did you mean {PREFIX}{close[0].upper()}?"
                yield Problem(where=f"${variable}", what="unknown key", remedy=advice)


def _ours() -> Iterator[tuple[str, str, str]]:
    """(variable, section or key, key of the section or empty), in order."""
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX):
            section, _, key = variable.removeprefix(PREFIX).lower().partition("__")
            yield variable, section, key


def _holds_a_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False
