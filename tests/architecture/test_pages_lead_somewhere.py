"""What a page points to is there."""

import re
from pathlib import Path

import pytest

from tests.architecture.pages import DOCS, ROOT, anchors, code, pages, rows

_PATH = re.compile(r"(?:syncd|connectors|mappings|tests|docs|benchmarks)/[\w./-]*")
_LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_page_and_a_heading(page: Path) -> None:
    """No relative link names a file, or a heading of one, that is not there."""
    broken = []
    for target, anchor in _LINK.findall(page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target) if target else page
        if not path.exists() or (anchor and anchor not in anchors(path.read_text())):
            broken.append(f"{target}#{anchor}" if anchor else target)
    assert broken == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_the_project_are_there(page: Path) -> None:
    """A path in backticks exists; one with <a name> stands for several."""
    named = [one for one in code(page.read_text()) if _PATH.fullmatch(one)]
    assert [one for one in named if not (ROOT / one).exists()] == []


BARS = rows((DOCS / "reliability.md").read_text(), "bar")
PROMISES = rows((DOCS / "reliability.md").read_text(), "promise")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise[0][:60])
def test_every_promise_names_the_test_that_holds_it(promise: list[str]) -> None:
    """What is promised is held by a test file or a folder with tests in it."""
    held_by = [ROOT / one for one in code(promise[1])]
    assert held_by
    for path in held_by:
        files = path.rglob("test_*.py") if path.is_dir() else [path]
        assert any("def test_" in file.read_text() for file in files), path


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar[0][:60])
def test_every_bar_names_its_command_its_figure_and_its_test(bar: list[str]) -> None:
    """The command is one of ours, the figure is one, and tests stand behind it."""
    _, command, seen, where, held_by = bar
    (words,) = (one.split() for one in code(command))
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    if words[0] == "make":
        assert words[1] in targets
    else:
        assert words[:3] == [".venv/bin/python", "-m", "pytest"]
        assert all((ROOT / path).exists() for path in words[3:])
    assert re.search(r"\d", seen)
    assert re.search(r"20\d\d-\d\d-\d\d|in every test run", where)
    (test,) = code(held_by)
    assert "def test_" in (ROOT / test).read_text()


@pytest.mark.parametrize("option", ["changes", "kills", "dropped", "trouble", "seed"])
def test_the_storms_options_are_on_the_page(option: str) -> None:
    """With the defaults that the command has."""
    from tests.chaos.__main__ import parser

    page = rows((DOCS / "reliability.md").read_text(), "option")
    stated = {code(row[0])[0]: row[1] for row in page}
    default = stated[f"--{option}"].replace(",", "")
    assert float(default) == parser().get_default(option)


def test_every_page_is_in_the_readme_or_on_an_index() -> None:
    """A page that nothing links to is not read."""
    linked = {
        (page.parent / target).resolve()
        for page in pages()
        for target, _ in _LINK.findall(page.read_text())
        if target and "://" not in target
    }
    lost = [
        str(page.relative_to(ROOT))
        for page in sorted(DOCS.rglob("*.md"))
        if not {page, page.parent} & linked and page.parent.name != "changes"
    ]
    assert lost == []
