"""docs/evaluate.md names the baselines, slices and figures that there are."""

from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.figures import Figures
from syncd.evaluate.slices import SLICES
from tests.architecture.pages import DOCS, rows, section

PAGE = (DOCS / "evaluate.md").read_text()


def test_the_page_has_every_baseline_as_the_code_says_it():
    """Name, rule, what is left out, and the page it comes from."""
    said = {name: [_linked(one), one.leaves_out] for name, one in BASELINES.items()}
    written = {first.strip("`"): rest for first, *rest in rows(PAGE, "baseline")}
    assert written == said


def _linked(one):
    """The product, linked to its page, and the rule."""
    named = f"[{one.product}]({one.source})" if one.source else one.product
    return f"{named}: {one.rule}"


def test_the_page_has_every_slice():
    """By the words of the code."""
    assert {name.strip("`"): says for name, says in rows(PAGE, "slice")} == SLICES


def test_the_page_explains_every_figure():
    """No number without its meaning, but for counts that their names explain."""
    text = section(PAGE, "Figures") + section(PAGE, "Ahead by chance?")
    plain = {"links", "right", "wrong_accounts", "missed"}
    shown = {*Figures.__struct_fields__, "calibration", "curve"} - plain
    shown |= {"precision_at", "coverage_at", "ours_less_this"}
    assert {name for name in shown if f"`{name}`" not in text} == set()
