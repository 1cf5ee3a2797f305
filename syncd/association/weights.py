"""The weights file, read once: name, weight and reason of all evidence.

The numbers stand in ``weights.toml`` beside this module, for people to read.
"""

import tomllib
from bisect import bisect_right
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from typing import Final, Literal

import msgspec

from syncd.errors import ConfigError, Problem

_SIGNS: Final = {"+": (0.0, 1e9), "-": (-1e9, 0.0), "~": (-1e9, 1e9)}
_ONE_MORE: Final = 0.15


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of evidence; ``weight`` is in log-odds and keeps its ``sign``.

    ``hand`` is what people set and the fit starts from; ``fixed`` ones it leaves
    alone, because generated companies cannot tell.
    """

    weight: float
    hand: float
    sign: Literal["+", "-", "~"]
    why: str
    fixed: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest interactions that the fit has seen."""

    candidates: int
    people: int


class Calibration(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Raw probability and the share of right answers at it, rising; linear between."""

    points: tuple[tuple[float, float], ...]

    def of(self, raw: float) -> float:
        """The calibrated probability of a best candidate."""
        points = self.points
        place = bisect_right(points, (raw, 2.0))
        if place == 0:
            return raw
        if place == len(points):
            return points[-1][1]
        (low, first), (high, second) = points[place - 1], points[place]
        return first + (second - first) * (raw - low) / (high - low)


class Weights(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True
):
    """Everything that scoring is set by."""

    version: str
    evidence: dict[str, Evidence]
    seen: Seen
    calibration: Calibration

    @cached_property
    def table(self) -> dict[str, float]:
        """Weight by name of evidence."""
        return {name: one.weight for name, one in self.evidence.items()}

    def without(self, *names: str) -> "Weights":
        """The same with some evidence switched off: it is not even looked at.

        Raises:
            KeyError: There is no evidence of that name.
        """
        kept = dict(self.evidence)
        for name in names:
            del kept[name]
        return msgspec.structs.replace(self, evidence=kept)

    def temperature(self, candidates: int, people: int) -> float:
        """By how much scores are lowered where more is in play than was fitted."""
        beyond = max(0, candidates - self.seen.candidates)
        beyond += max(0, people - self.seen.people)
        return 1.0 + _ONE_MORE * beyond


@cache
def shipped() -> Weights:
    """The weights of this version of syncd."""
    return read_weights((files("syncd.association") / "weights.toml").read_text())


def read_weights(text: str) -> Weights:
    """Weights from the text of a file.

    Raises:
        ConfigError: It is not TOML, has unknown or missing keys, a weight on the wrong
            side of its sign, or a calibration that does not rise; all such at once.
    """
    try:
        weights = msgspec.convert(tomllib.loads(text), Weights)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError([_problem("weights", str(error))]) from error
    problems = [
        _problem(f"evidence.{name}", f"{one.weight} is on the wrong side of its sign")
        for name, one in weights.evidence.items()
        if not _SIGNS[one.sign][0] <= one.weight <= _SIGNS[one.sign][1]
    ]
    points = weights.calibration.points
    flat = [number for point in points for number in point]
    rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(points))
    if not points or not rising or not all(0.0 <= n <= 1.0 for n in flat):
        says = "probabilities must rise from pair to pair"
        problems.append(_problem("calibration.points", says))
    if problems:
        raise ConfigError(problems)
    return weights


def bounds(one: Evidence) -> tuple[float, float]:
    """Between what a fit may put the weight of this evidence."""
    return (one.hand, one.hand) if one.fixed else _SIGNS[one.sign]


def _problem(where: str, what: str) -> Problem:
    remedy = "restore the file that came with syncd, or fit it again"
    return Problem(where=f"weights.toml: {where}", what=what, remedy=remedy)
