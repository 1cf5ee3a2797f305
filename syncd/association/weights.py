"""Weights of the association, in log-odds; docs/association.md explains each.

A weight of +1 multiplies the odds by e. The score of "none of them" is 0, so
``BASE`` alone gives an only open opportunity odds of e³ to 1 (95 %): enough to
propose, never to write. Each pairing that may be written unattended needs evidence
worth about 4 more than the next candidate has (98 %).
"""

from typing import Final

VERSION: Final = "1"

BASE: Final = 3.0
"""An open opportunity of the account of somebody who took part."""

RELATED_ACCOUNT: Final = -2.0
"""It lies under the parent or a child of that account."""

OTHER_PEOPLE: Final = -2.0
"""Share of the people outside who belong neither to its account nor to its roles."""

ROLE: Final = 3.5
"""Somebody who took part had a contact role at the time."""

LATE_ROLE: Final = 2.5
"""Somebody who took part got a contact role afterwards, or at an unknown time."""

PRIMARY: Final = 0.5
"""One of them is the primary contact."""

ROLES_ELSEWHERE: Final = -0.5
"""It has contact roles, but of nobody who took part."""

OWNER_HOSTS: Final = 2.5
"""Its owner held the interaction."""

OWNER_ATTENDS: Final = 1.5
"""Its owner took part."""

OWNER_ABSENT: Final = -1.5
"""Its owner is known, did not take part, and another candidate's owner did."""

OWNER_ABSENT_EVERYWHERE: Final = -0.5
"""No candidate's owner took part: a manager's or engineer's meeting."""

NAME: Final = 3.0
"""The title has a word that only this candidate's name has."""

TYPE_FITS: Final = 2.0
"""The title speaks of a renewal or an add-on, and the type says the same."""

TYPE_DIFFERS: Final = -1.5
"""The title speaks of another type."""

FIRST_STEPS: Final = 1.0
"""The title names a first step of a sale, and it is new business."""

CHORUS_HINT: Final = 3.0
"""Chorus names it; its own choice may rest on an old link."""

OUTREACH_HINT: Final = 2.5
"""Outreach names it; often merely the prospect's most recent one."""

SERIES: Final = 3.5
"""Other occurrences of the series are related to it (by share)."""

PRECEDENT: Final = 1.0
"""The same people's other activities of those weeks are related to it (by share)."""

CREATED_AFTER: Final = -5.0
"""It was created within two weeks after the interaction: possible, hardly certain."""

STALE: Final = -1.5
"""Its close date had passed by more than a month, though it was still open."""

CASE_NUMBER: Final = 14.0
"""The title or note names the case: an explicit number settles it."""

OPEN_CASE: Final = -1.0
"""Somebody who took part had an open case, which nothing names."""

SUPPORT_WORDS: Final = 3.0
"""The title speaks of a problem, and the candidate is a case."""

SUPPORT_ON_DEAL: Final = -2.0
"""The title speaks of a problem, a case was open, and the candidate is a deal."""
