"""Our own people: who sells, who cares, who demonstrates, and the tools' users."""

from datetime import timedelta
from random import Random
from typing import Final

from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.truth import Staffer
from syncd.sandbox.world.org import OrgBuilder

_JOBS: Final = {
    "ae": ("Account Executive", 9),
    "csm": ("Customer Success Manager", 5),
    "se": ("Solutions Engineer", 4),
    "manager": ("Sales Manager", 2),
}
_STEP: Final = 13
"""Spreads names so that no two of our people share one."""


class Staff:
    """Everybody of ours, by job; ``recorder`` is the user that Chorus writes as."""

    def __init__(self, build: OrgBuilder, random: Random) -> None:
        """Adds them to the org."""
        at = build.now - timedelta(days=900)
        build.tool = build.add_user("Outreach", "Integration", "integration", at)
        self.recorder = build.add_user("Chorus", "Integration", "integration", at)
        self._random = random
        self.everyone: list[Staffer] = []
        for job, (title, count) in _JOBS.items():
            for _ in range(count):
                number = len(self.everyone)
                first = names.FIRST[number * 3 % len(names.FIRST)]
                last = names.LAST[(number * _STEP + 5) % len(names.LAST)]
                row = build.add_member(first, last, title, at)
                self.everyone.append(
                    Staffer(
                        id=row["id"],
                        outreach=row["outreach"],
                        email=row["email"],
                        name=f"{first} {last}",
                        job=job,
                    )
                )

    def of(self, job: str) -> list[Staffer]:
        """Everybody who has this job."""
        return [one for one in self.everyone if one.job == job]

    def any_of(self, job: str) -> Staffer:
        """Somebody who has this job."""
        return self._random.choice(self.of(job))
