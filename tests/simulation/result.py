"""What became of one seed."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Result:
    """What became of one seed.

    Attributes:
        trace: Everything that happened, with the virtual time, one line each.
        broken: Broken promises; empty is what is wanted.
        windows: Edits that no guard of a vendor could have protected.
        counts: How much of what was played.
    """

    seed: int
    trace: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def digest(self) -> str:
        """Equal for two runs in which the same happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()
