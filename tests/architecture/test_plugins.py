"""The project holds itself to its own rules."""

import pkgutil
import re
from pathlib import Path

import pytest

import syncd.cli.commands
from syncd import plugins

ROOT = Path(__file__).parents[2]
MAX_LINES = 400


def commands():
    """Names of all commands."""
    return sorted(
        info.name for info in pkgutil.iter_modules(syncd.cli.commands.__path__)
    )


@pytest.mark.parametrize("rule_id", sorted(plugins.rules()))
def test_every_rule_has_its_page(rule_id):
    """A rule's page says what it finds, what it mends and when it refuses."""
    text = (ROOT / "docs" / "rules" / f"{rule_id}.md").read_text().lower()
    for word in ("find", "refus", "settings"):
        assert word in text, f"docs/rules/{rule_id}.md does not speak of {word!r}"


@pytest.mark.parametrize("system", sorted(plugins.connectors()))
def test_every_connector_has_its_page(system):
    """A connector's page covers log-in, limits and troubleshooting."""
    text = (ROOT / "docs" / "connectors" / f"{system}.md").read_text().lower()
    for word in ("log-in", "limit", "troubleshooting"):
        assert word in text, f"docs/connectors/{system}.md does not speak of {word!r}"


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name):
    """The CLI page names every command."""
    shown = name.rstrip("_").replace("_", "-")
    assert f"`syncd {shown}" in (ROOT / "docs" / "cli.md").read_text()


def modules():
    """Every Python module of the product."""
    return [
        path
        for folder in ("syncd", "connectors", "mappings")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_no_module_is_too_long():
    """A module over 400 lines needs a decision record that names it."""
    records = "".join(p.read_text() for p in (ROOT / "docs" / "adr").glob("*.md"))
    long = [
        str(path.relative_to(ROOT))
        for path in modules()
        if len(path.read_text().splitlines()) > MAX_LINES
    ]
    assert [name for name in long if name not in records] == []


def test_suppressions_name_their_code():
    """No blanket ignore hides anywhere."""
    blanket = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if blanket.search(line)
    ]
    assert found == []
