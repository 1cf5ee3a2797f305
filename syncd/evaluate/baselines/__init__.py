"""Other tools' rules, one file per tool that publishes its own."""

from collections.abc import Mapping
from typing import Final

from syncd.evaluate.baseline import Baseline
from syncd.evaluate.baselines import (
    atrium,
    claap,
    einstein,
    gong,
    hubspot,
    outreach,
    recent,
    twenty,
    weflow,
    yesware,
)

_TOOLS: Final = (
    einstein,
    outreach,
    gong,
    weflow,
    atrium,
    yesware,
    claap,
    hubspot,
    twenty,
    recent,
)
BASELINES: Final[Mapping[str, Baseline]] = {
    one.name: one for tool in _TOOLS for one in tool.BASELINES
}
"""Every baseline by name."""
