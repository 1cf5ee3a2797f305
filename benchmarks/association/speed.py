"""How long associating takes: microseconds an interaction, ground laying included.

``python -m benchmarks.association.speed [ACCOUNTS]``; processor time of one thread,
over the views of one fitted-on world, the fastest of five passes.
"""

import sys
from dataclasses import replace
from time import process_time
from typing import Final

from benchmarks.association.examples import views
from benchmarks.association.load import WORLDS, load
from syncd.association.associate import associate
from syncd.association.ground import lay_ground
from syncd.log import configure_logging
from syncd.model.policy import AssociationPolicy
from syncd.model.view import AccountView

_PASSES: Final = 5
_BAR_US: Final = 120.0


def seconds(some: list[AccountView]) -> float:
    """Time of one pass over views that nothing was looked up in yet."""
    fresh = [replace(view, associations={}) for view in some]
    policy = AssociationPolicy()
    began = process_time()
    for view in fresh:
        ground = lay_ground(view)
        for interaction in view.interactions:
            associate(ground, interaction, policy)
    return process_time() - began


def main(accounts: str = "60") -> None:
    """Print the figure beside its bar: a million in a minute on two cores."""
    configure_logging()
    world = load(WORLDS / "fit" / "ordinary.toml", accounts=int(accounts))
    some = list(views(world))
    count = sum(len(view.interactions) for view in some)
    each = min(seconds(some) for _ in range(_PASSES)) / count * 1e6
    print(f"{count} interactions, {each:.0f} us each (bar {_BAR_US:.0f} us)")


if __name__ == "__main__":
    main(*sys.argv[1:])
