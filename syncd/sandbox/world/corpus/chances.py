"""Draws that the standard library lacks."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeVar

_T = TypeVar("_T")
_SATURDAY: Final = 5
_HOURS: Final = (13, 21)
"""Office hours, in UTC, of people on the American East coast."""


def poisson(random: Random, mean: float) -> int:
    """How many of something that comes by chance; Knuth's method."""
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def some(random: Random, weights: Mapping[_T, float], count: int) -> list[_T]:
    """Different ones, the heavier the likelier; fewer when there are not so many."""
    left = dict(weights)
    chosen: list[_T] = []
    while left and len(chosen) < count:
        (one,) = random.choices(list(left), list(left.values()))
        chosen.append(one)
        del left[one]
    return chosen


def days(random: Random, low: float, high: float) -> timedelta:
    """A span between two numbers of days."""
    return timedelta(days=random.uniform(low, high))


def office_hour(random: Random, low: datetime, high: datetime) -> datetime:
    """A quarter of an hour on a weekday between two instants, or shortly before."""
    at = (low + (high - low) * random.random()).replace(
        hour=random.randrange(*_HOURS),
        minute=random.choice((0, 15, 30, 45)),
        second=0,
        microsecond=0,
    )
    while at.weekday() >= _SATURDAY or at >= high:
        at -= timedelta(days=1)
    return at
