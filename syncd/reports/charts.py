"""Line charts as SVG: without scripts, readable on paper and by screen readers."""

from collections.abc import Sequence
from typing import Final

import msgspec

from syncd.reports.templating import template

_LEFT: Final = 52
_TOP: Final = 12
_WIDE: Final = 420
_HIGH: Final = 260
_DASHES: Final = ("", "7 4", "2 3", "10 3 2 3", "1 6", "14 4")
_TICKS: Final = 5


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line: its name and its points, both coordinates within the chart's axes."""

    name: str
    points: tuple[tuple[float, float], ...]
    has_dots: bool = True


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn: lines over two axes of shares; ``says`` is read out instead.

    ``is_square`` adds the diagonal on which both coordinates are equal.
    """

    title: str
    says: str
    x: str
    y: str
    lines: tuple[Line, ...]
    lowest: float = 0.0
    is_square: bool = False


class _Drawn(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    points: str
    dots: tuple[tuple[float, float], ...]
    dash: str
    is_point: bool
    label_y: float


class _Tick(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    text: str


def svg(chart: Chart) -> str:
    """The chart as one SVG element with its own style."""
    low = chart.lowest
    steps = [number / _TICKS for number in range(_TICKS + 1)]
    return template("chart.svg").render(
        chart=chart,
        left=_LEFT,
        top=_TOP,
        right=_LEFT + _WIDE,
        bottom=_TOP + _HIGH,
        width=_LEFT + _WIDE + 190,
        height=_TOP + _HIGH + 48,
        xs=[_Tick(at=_x(one), text=f"{one:.0%}") for one in steps],
        ys=[
            _Tick(
                at=_y(low + one * (1 - low), low), text=f"{low + one * (1 - low):.0%}"
            )
            for one in steps
        ],
        lines=[_drawn(line, number, low) for number, line in enumerate(chart.lines)],
        diagonal=(_x(low), _y(low, low), _x(1.0), _y(1.0, low)),
    )


def _drawn(line: Line, number: int, low: float) -> _Drawn:
    seen = [(_x(x), _y(max(y, low), low)) for x, y in line.points]
    return _Drawn(
        name=line.name,
        points=" ".join(f"{x},{y}" for x, y in seen),
        dots=tuple(seen) if line.has_dots else (),
        dash=_DASHES[number % len(_DASHES)],
        is_point=len(seen) == 1,
        label_y=_TOP + 14.0 + 18 * number,
    )


def _x(value: float) -> float:
    return round(_LEFT + _WIDE * value, 1)


def _y(value: float, low: float) -> float:
    return round(_TOP + _HIGH * (1 - (value - low) / (1 - low)), 1)


def thinned(
    points: Sequence[tuple[float, float]], most: int = 200
) -> tuple[tuple[float, float], ...]:
    """At most so many points, evenly chosen, both ends kept."""
    if len(points) <= most:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[round(k * last / (most - 1))] for k in range(most))
