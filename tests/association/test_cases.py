"""Hard cases, written from what happens in sales teams and not from the code."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.association.holds import holds, set_up, told

FOLDER = Path(__file__).parent / "cases"
THEMES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    for path in sorted(FOLDER.glob("*.toml"))
}
KEYS = {"title", "source", "records", "holds"}


def _params() -> list[Any]:
    found = []
    for theme, cases in THEMES.items():
        for number, case in enumerate(cases, 1):
            found.append(pytest.param(case, id=f"{theme}-{number:02}"))
    return found


@pytest.mark.parametrize("case", _params())
def test_case(case: dict[str, Any]) -> None:
    """Every sentence of the case holds."""
    scene = set_up(case["records"])
    broken = [sentence for sentence in case["holds"] if not holds(scene, sentence)]
    assert not broken, f"{case['title']}\nnot so: {broken}\n{told(scene)}"


def test_every_case_can_be_read() -> None:
    """Each has a title of its own, a source, records and what must hold."""
    cases = [case for theme in THEMES.values() for case in theme]
    for case in cases:
        assert case.keys() == KEYS, case
        assert case["holds"]
        assert case["source"]
    assert max(Counter(case["title"] for case in cases).values()) == 1
    assert len(cases) >= 300
    assert len(THEMES) >= 12
