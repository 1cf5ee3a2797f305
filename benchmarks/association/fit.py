"""Fits the weights and the calibration of the association, and says how they do.

``python -m benchmarks.association.fit [--accounts N] [--seeds N] [--write]``

A conditional logit over the candidates of each interaction and "none of them", pulled
towards the weights that people set and kept on their side of zero. Every setting is
left out in turn: the figures printed, and the calibration, are of settings that the
weights in question were not fitted on.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.association.examples import Example, examples
from benchmarks.association.learn import (
    Answers,
    Figures,
    Vector,
    answers,
    calibrate,
    figures,
    fit,
    tabulate,
    values_of,
)
from benchmarks.association.load import WORLDS, load
from syncd.association.weights import Calibration, Weights, read_weights, shipped
from syncd.log import configure_logging

_PAGE: Final = Path(__file__).parents[2] / "docs" / "association.md"
_FILE: Final = Path(__file__).parents[2] / "syncd" / "association" / "weights.toml"
_STRAIGHT: Final = Calibration(points=((0.5, 0.5), (1.0, 1.0)))
_PULL: Final = 0.001


def read_examples(*, accounts: int, seeds: int) -> list[Example]:
    """The examples of every setting that may be fitted on."""
    return [
        example
        for path in sorted((WORLDS / "fit").glob("*.toml"))
        for seed in range(1, seeds + 1)
        for example in examples(
            load(path, seed=seed, accounts=accounts), name=path.stem
        )
    ]


def leave_each_out(
    some: Sequence[Example], weights: Weights, pull: float
) -> dict[str, Vector]:
    """By setting, weights that were fitted on all the others."""
    return {
        name: fit(
            tabulate([e for e in some if e.world != name], weights), weights, pull
        )
        for name in sorted({one.world for one in some})
    }


def unseen(
    some: Sequence[Example],
    weights: Weights,
    fitted: dict[str, Vector],
    calibration: Calibration | None = None,
) -> dict[str, Answers]:
    """By setting, what was answered with weights that had not seen it."""
    return {
        name: answers(
            tabulate([one for one in some if one.world == name], weights),
            values,
            calibration,
        )
        for name, values in fitted.items()
    }


def together(found: dict[str, Answers]) -> Answers:
    """The answers of all settings in one."""
    every = list(found.values())
    return Answers(
        **{
            name: np.concatenate([getattr(one, name) for one in every])
            for name in Answers.__dataclass_fields__
        }
    )


def chosen_bend(
    some: Sequence[Example], weights: Weights, held_out: dict[str, Vector]
) -> Calibration:
    """Platt's bend, where it is better on unseen settings than none."""
    bent = calibrate(together(unseen(some, weights, held_out)))
    errors = {}
    for name, bend in (("straight", _STRAIGHT), ("bent", bent)):
        found = unseen(some, weights, held_out, bend)
        errors[name] = np.mean(
            [
                figures(one, [e for e in some if e.world == world]).ece
                for world, one in found.items()
            ]
        )
    print("mean calibration error", errors)
    return bent if errors["bent"] < errors["straight"] else _STRAIGHT


def written(text: str, weights: Weights, values: Vector, bend: Calibration) -> str:
    """The text of the weights file with new numbers and every other word kept."""
    for name, value in zip(weights.evidence, values, strict=True):
        form = rf"(\[evidence\.{name}\]\nweight = )\S+"
        text = re.sub(form, rf"\g<1>{value:.2f}", text)
    points = ", ".join(f"[{raw}, {share}]" for raw, share in bend.points)
    return re.sub(r"points = \[.*\]", f"points = [{points}]", text)


def as_table(weights: Weights) -> str:
    """The weights as the page shows them."""
    rows = [
        f"| `{name}` | {one.weight:+.2f} | {one.why} |"
        for name, one in weights.evidence.items()
    ]
    return "\n".join(["| evidence | weight | why |", "|---|---|---|", *rows])


def write(text: str) -> None:
    """Write the file, once it is known to be good, and the page's table.

    Raises:
        ConfigError: The new file would be refused.
    """
    table = as_table(read_weights(text))
    page = re.sub(
        r"\| evidence \|.*?\n(?=\n)", f"{table}\n", _PAGE.read_text(), flags=re.DOTALL
    )
    _FILE.write_text(text)
    _PAGE.write_text(page)


def show(name: str, found: Figures) -> None:
    """One line of figures."""
    print(
        f"{name:28}{found.labels:7}  coverage {found.coverage:6.3f}  precision "
        f"{found.precision:6.4f}  wrong account {found.wrong_account:6.4f}  ece "
        f"{found.ece:6.4f}  best is right {found.best_is_right:6.3f}"
    )


def main() -> None:
    """Fit, print the figures of settings left out in turn, and write when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--pull", type=float, default=_PULL)
    parser.add_argument("--write", action="store_true", help="write weights.toml")
    args = parser.parse_args()
    configure_logging()
    weights = shipped()
    some = read_examples(accounts=args.accounts, seeds=args.seeds)
    held_out = leave_each_out(some, weights, args.pull)
    bend = chosen_bend(some, weights, held_out)
    print("each setting with weights that were fitted on the others")
    for name, found in unseen(some, weights, held_out, bend).items():
        show(name, figures(found, [one for one in some if one.world == name]))
    table = tabulate(some, weights)
    values = fit(table, weights, args.pull)
    print("\nevidence                    before   after   spread   rows")
    spread = np.std(list(held_out.values()), axis=0)
    rows = np.count_nonzero(table.rows, axis=0)
    before = values_of(weights)
    for place, name in enumerate(weights.evidence):
        print(
            f"{name:26}{before[place]:8.2f}{values[place]:8.2f}"
            f"{spread[place]:9.2f}{rows[place]:7}"
        )
    print("calibration", bend.points)
    if args.write:
        write(written(_FILE.read_text(), weights, values, bend))


if __name__ == "__main__":
    main()
